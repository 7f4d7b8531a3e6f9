#include "gateway/foreign_route.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "path.h"

namespace svc::gateway {
namespace {

// The gateway's own, and what must never be reached through it.
constexpr std::array<std::string_view, 4> reserved{"/internal", "/admin", "/health", "/openapi.json"};
// Not for origins (RFC 9110 sections 9.3.6 and 9.3.8).
constexpr std::array<std::string_view, 2> never_forwarded{"CONNECT", "TRACE"};

bool is_method(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; }) &&
         std::ranges::find(never_forwarded, text) == never_forwarded.end();
}

bool share_a_method(const ForeignRoute& a, const ForeignRoute& b) {
  if (a.methods.empty() || b.methods.empty()) return true;
  return std::ranges::find_first_of(a.methods, b.methods) != a.methods.end();
}

}  // namespace

bool is_prefix_text(std::string_view text) {
  if (text.empty() || text.front() != '/' || text.size() > 255) return false;
  while (!text.empty()) {
    const auto segment = take_segment(text);
    const bool sound = std::ranges::all_of(
        segment, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '~' || c == '-'; });
    if (segment.empty() || segment == "." || segment == ".." || !sound) return false;
  }
  return true;
}

bool shadows(std::string_view prefix, std::string_view path) {
  while (!prefix.empty()) {
    if (path.empty()) return false;
    const auto wanted = take_segment(prefix), there = take_segment(path);
    if (wanted != there && !there.starts_with('{')) return false;
  }
  return true;
}

ForeignRoute ForeignRoute::example() {
  ForeignRoute example;
  example.prefix = "/shop";
  example.service = "shop";
  return example;
}

void ForeignRoute::check_whole(Violations& found) const {
  if (!std::ranges::all_of(methods, is_method))
    report(found, {"/methods", "format", "methods such as GET or POST; CONNECT and TRACE are not forwarded"});
  if (!scope.empty() && scope != "admin" && scope != "customer")
    report(found, {"/scope", "enum", "admin, customer or empty"});
  if (!scope.empty() && auth != Auth::required) report(found, {"/scope", "enum", "empty, unless auth is required"});
  for (const auto path : reserved)
    if (shadows(path, prefix)) report(found, {"/prefix", "not", "another one: " + std::string(path) + " is reserved"});
}

void check_routes(const std::vector<ForeignRoute>& routes, Violations& found) {
  for (std::size_t i = 0; i < routes.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto at = "/routes/" + std::to_string(i), other = "routes." + std::to_string(j);
      if (routes[i].prefix == routes[j].prefix && share_a_method(routes[i], routes[j]))
        report(found, {at + "/prefix", "not", "another one: " + other + " has it, for the same methods"});
      if (routes[i].service == routes[j].service && routes[i].balance != routes[j].balance)
        report(found, {at + "/balance", "const", "as in " + other + ", which shares the instances"});
    }
}

}  // namespace svc::gateway
