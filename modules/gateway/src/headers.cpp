#include "headers.h"

#include <algorithm>
#include <array>

#include "http/field_values.h"
#include "http/identify.h"

namespace svc::gateway {
namespace {

using http::same_name;

constexpr std::string_view state_header = "tracestate";  // W3C Trace Context section 3.3

constexpr std::array<std::string_view, 9> hop_by_hop{
    "Connection", "Keep-Alive",        "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE",
    "Trailer",    "Transfer-Encoding", "Upgrade"};

// What says who asks, where a request comes from, or that it is another one than was let through: never a client's to
// say. README.md tells the same.
constexpr std::array<std::string_view, 19> our_names{
    "Via",
    "X-Request-Id",
    "X-Subject",
    "X-Admin",
    "X-Groups",
    "X-Real-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Cluster-Client-IP",
    "Forwarded",
    "X-Forwarded",
    "X-Host",
    "X-Scheme",
    "Front-End-Https",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "Proxy"};  // a CGI program would take it for the proxy to ask through (httpoxy, CVE-2016-5385)
constexpr std::array<std::string_view, 9> our_prefixes{
    "X-Svc-", "X-User", "X-Auth", "X-Role", "Remote-", "X-Remote-", "X-Client-", "X-Forwarded-", "X-Original-"};

bool is_ours(std::string_view name) {
  // Servers that make variables of the fields read '_' as '-', so that X_User_Id would be X-User-Id. No field in common
  // use has one (nginx drops them all too).
  if (name.find('_') != std::string_view::npos) return true;
  return std::ranges::any_of(our_names, [&](auto known) { return same_name(name, known); }) ||
         std::ranges::any_of(our_prefixes, [&](auto known) { return same_name(name.substr(0, known.size()), known); });
}

// What Connection names.
template <class Fields>
std::vector<std::string> connection_options(const Fields& fields) {
  std::vector<std::string> options;
  for (const auto& [name, value] : fields)
    if (same_name(name, "Connection"))
      for (std::string_view rest = value; !rest.empty();) options.emplace_back(http::take_element(rest));
  return options;
}

bool is_hop_by_hop(std::string_view name, const std::vector<std::string>& options) {
  const auto is_same = [&](std::string_view known) { return same_name(name, known); };
  return std::ranges::any_of(hop_by_hop, is_same) || std::ranges::any_of(options, is_same);
}

}  // namespace

bool is_said_anew(std::string_view name) {
  return same_name(name, "Host") || same_name(name, "Content-Length") || same_name(name, http::trace_header) ||
         same_name(name, state_header);
}

void add_trace(const http::Request& request, std::vector<std::pair<std::string, std::string>>& fields) {
  const auto& [call, span] = *request.transit;
  fields.emplace_back(http::trace_header, traceparent(call.origin->trace, span.id));
  if (request.headers.count(state_header) == 0 || !http::trace_of(request.headers)) return;
  for (const auto& [name, value] : request.headers)
    if (same_name(name, state_header)) fields.emplace_back(name, value);
}

http::Headers from_client(const http::Headers& headers) {
  http::Headers kept;
  const auto options = connection_options(headers);
  for (const auto& field : headers)
    if (!is_hop_by_hop(field.name, options) && !is_ours(field.name) && !same_name(field.name, "Expect"))
      kept.add(field.name, field.value);
  return kept;
}

std::vector<std::pair<std::string, std::string>> to_client(std::vector<std::pair<std::string, std::string>> headers) {
  const auto options = connection_options(headers);
  std::erase_if(headers, [&](const auto& field) {
    const auto& name = field.first;
    return is_hop_by_hop(name, options) || same_name(name, "Content-Length") || same_name(name, "Date") ||
           same_name(name, "X-Request-Id");
  });
  return headers;
}

}  // namespace svc::gateway
