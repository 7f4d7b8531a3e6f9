#include "forwarded.h"

#include "headers.h"
#include "http/field_values.h"

namespace svc::gateway {
namespace {

using http::same_name;

constexpr std::string_view hop = "1.1 svc";  // how we show ourselves in Via
constexpr int rounds = 3;                    // two systems of ours may stand behind each other

// Values of all fields of that name, as one list (RFC 9110 section 5.3).
std::string joined(const http::Headers& headers, std::string_view name) {
  std::string list;
  for (const auto& field : headers)
    if (same_name(field.name, name) && !field.value.empty()) list.append(list.empty() ? "" : ", ").append(field.value);
  return list;
}

std::string with_hop(std::string via) { return via.append(via.empty() ? "" : ", ").append(hop); }

// Quoted, since an address of IPv6 and a host with a port hold what a token may not (RFC 7239 section 4). Neither
// address nor host can hold a quote: the one is made here, the other was looked at when the request was read.
std::string forwarded(const http::Request& request, std::string_view host) {
  const bool is_v6 = request.peer_address.find(':') != std::string::npos;
  const std::string peer = is_v6 ? "\"[" + request.peer_address + "]\"" : request.peer_address;
  return "for=" + peer + (host.empty() ? "" : ";host=\"" + std::string(host) + "\"") +
         ";proto=" + (request.is_tls ? "https" : "http");
}

}  // namespace

Fields to_foreign(const http::Request& request, std::string_view token, std::string_view stripped) {
  Fields fields;
  const auto kept = from_client(request.headers);
  for (const auto& [name, value] : kept)
    if (!is_said_anew(name) && !same_name(name, "Authorization")) fields.emplace_back(name, value);
  const auto host = request.host;
  if (!token.empty()) fields.emplace_back("Authorization", "Bearer " + std::string(token));
  fields.emplace_back("Via", with_hop(joined(request.headers, "Via")));
  fields.emplace_back("Forwarded", forwarded(request, host));
  fields.emplace_back("X-Forwarded-For", request.peer_address);
  fields.emplace_back("X-Forwarded-Proto", request.is_tls ? "https" : "http");
  if (!host.empty()) fields.emplace_back("X-Forwarded-Host", host);
  if (!stripped.empty()) fields.emplace_back("X-Forwarded-Prefix", stripped);
  fields.emplace_back("X-Request-Id", request.request_id);
  add_trace(request, fields);
  return fields;
}

Fields from_foreign(Fields headers) {
  std::string via;
  for (const auto& [name, value] : headers)
    if (same_name(name, "Via") && !value.empty()) via.append(via.empty() ? "" : ", ").append(value);
  auto kept = to_client(std::move(headers));
  std::erase_if(kept, [](const auto& field) { return same_name(field.first, "Via"); });
  kept.emplace_back("Via", with_hop(via));
  return kept;
}

bool goes_round(const http::Headers& headers) {
  const auto via = joined(headers, "Via");
  int passed = 0;
  for (std::string_view rest = via; !rest.empty();)
    if (http::take_element(rest) == hop) ++passed;
  return passed >= rounds;
}

}  // namespace svc::gateway
