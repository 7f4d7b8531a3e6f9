#include "headers.h"

#include <algorithm>
#include <array>

namespace svc::gateway {
namespace {

using http::same_name;

constexpr std::array<std::string_view, 9> hop_by_hop{
    "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
    "TE",         "Trailer",    "Transfer-Encoding", "Upgrade"};

// Some servers read '_' as '-', so X_User_Id counts as X-User-Id.
std::string canonical(std::string_view name) {
  std::string text;
  for (const char c : name) text.push_back(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  return text;
}

// What says who asks, or where a request comes from: never a client's to say.
bool is_ours(std::string_view name) {
  const auto known = canonical(name);
  return known.starts_with("x-svc-") || known.starts_with("x-user") || known.starts_with("x-auth") ||
         known.starts_with("x-role") || known.starts_with("x-forwarded-") || known == "forwarded" ||
         known == "x-real-ip" || known == "x-request-id" || known == "via";
}

bool is_hop_by_hop(std::string_view name, std::string_view connection) {
  if (std::ranges::any_of(hop_by_hop, [&](auto known) { return same_name(name, known); })) return true;
  while (!connection.empty()) {  // fields that Connection names
    const auto comma = std::min(connection.find(','), connection.size());
    auto option = connection.substr(0, comma);
    while (!option.empty() && option.front() == ' ') option.remove_prefix(1);
    while (!option.empty() && option.back() == ' ') option.remove_suffix(1);
    if (same_name(name, option)) return true;
    connection.remove_prefix(std::min(comma + 1, connection.size()));
  }
  return false;
}

}  // namespace

http::Headers from_client(const http::Headers& headers) {
  http::Headers kept;
  const auto connection = headers.get("Connection");
  for (const auto& field : headers)
    if (!is_hop_by_hop(field.name, connection) && !is_ours(field.name) && !same_name(field.name, "Expect"))
      kept.add(field.name, field.value);
  return kept;
}

std::vector<std::pair<std::string, std::string>> to_client(std::vector<std::pair<std::string, std::string>> headers) {
  std::string connection;
  for (const auto& [name, value] : headers)
    if (same_name(name, "Connection")) connection = value;
  std::erase_if(headers, [&](const auto& field) {
    const auto& name = field.first;
    return is_hop_by_hop(name, connection) || same_name(name, "Content-Length") || same_name(name, "Date") ||
           same_name(name, "X-Request-Id");
  });
  return headers;
}

}  // namespace svc::gateway
