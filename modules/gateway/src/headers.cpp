#include "headers.h"

#include <algorithm>
#include <array>

#include "http/field_values.h"

namespace svc::gateway {
namespace {

using http::same_name;

constexpr std::array<std::string_view, 9> hop_by_hop{
    "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
    "TE",         "Trailer",    "Transfer-Encoding", "Upgrade"};

// Some servers read '_' as '-', so X_User_Id counts as X-User-Id.
constexpr char canonical(char c) { return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool begins_with(std::string_view name, std::string_view lower) {
  return name.size() >= lower.size() &&
         std::ranges::equal(name.substr(0, lower.size()), lower, {}, canonical);
}

// What says who asks, or where a request comes from: never a client's to say.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 5> prefixes{"x-svc-", "x-user", "x-auth", "x-role", "x-forwarded-"};
  constexpr std::array<std::string_view, 4> names{"forwarded", "x-real-ip", "x-request-id", "via"};
  return std::ranges::any_of(prefixes, [&](auto known) { return begins_with(name, known); }) ||
         std::ranges::any_of(names, [&](auto known) { return name.size() == known.size() && begins_with(name, known); });
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
