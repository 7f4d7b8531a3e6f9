#include "rate_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "http/problem.h"

namespace svc::gateway {
namespace {

// An IPv6 network of 64 bits is one client: whoever has one address of it has them all (RFC 4291 section 2.5.1).
std::string key_of_address(const std::string& address) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return "address:" + address;
  return "network:" + std::string(bytes.data(), 8);
}

bool is_about_limits(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"RateLimit", "RateLimit-Policy", "RateLimit-Limit",
                                                  "RateLimit-Remaining", "RateLimit-Reset"};
  return std::ranges::any_of(names, [&](auto known) { return http::same_name(name, known); });
}

}  // namespace

Task<resilience::RateDecision> RateLimit::ask(const http::Request& request) {
  auto identifying = identify_(request, true);
  const auto call = co_await identifying;
  const bool known = call && call->caller != nullptr;
  const auto key = known ? "user:" + call->caller->subject : key_of_address(request.peer_address);
  co_return limiter_.ask(key, Steady::now());
}

http::Response RateLimit::refusal(const resilience::RateDecision& decision) {
  Error error{Code::exhausted, "rate_limited", "Too many requests; see RateLimit for when there may be more"};
  error.retry_after = static_cast<int>(decision.more_in.count());
  return http::problem(error);
}

void RateLimit::tell(const resilience::RateDecision& decision, http::Response& response) {
  if (decision.limit == 0) return;
  std::erase_if(response.headers, [](const auto& field) { return is_about_limits(field.first); });
  const auto add = [&](std::string_view name, const std::string& value) { response.headers.emplace_back(name, value); };
  const auto text = [](auto number) { return std::to_string(number); };
  add("RateLimit-Policy", "\"default\";q=" + text(decision.limit) + ";w=" + text(decision.window.count()));
  add("RateLimit", "\"default\";r=" + text(decision.remaining) + ";t=" + text(decision.more_in.count()));
  add("RateLimit-Limit", text(decision.limit));
  add("RateLimit-Remaining", text(decision.remaining));
  add("RateLimit-Reset", text(decision.reset.count()));
}

}  // namespace svc::gateway
