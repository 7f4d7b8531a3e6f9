#include "foreign.h"

#include <algorithm>
#include <array>

#include "forwarded.h"
#include "http/field_values.h"
#include "http/problem.h"

namespace svc::gateway {
namespace {

// A body that comes as fast as it must has no other limit than this.
constexpr auto longest_upload = std::chrono::hours{24};

// RFC 9110 section 9.2.2, without those that the gateway does not pass on or know.
constexpr std::array<std::string_view, 4> idempotent{"GET", "HEAD", "PUT", "DELETE"};

bool has_content(const http::Request& request) { return request.body != nullptr && !request.body->empty(); }

bool has_scope(const Caller& caller, std::string_view scope) {
  return scope.empty() || (scope == "admin" && caller.admin) || (scope == "customer" && caller.customer);
}

// h2c is offered by clients that go on without it; whoever asks for something else needs it (RFC 9110 section 7.8).
bool wants_other_protocol(const http::Headers& headers) {
  for (const auto& field : headers) {
    if (!http::same_name(field.name, "Upgrade")) continue;
    for (auto rest = field.value; !rest.empty();)
      if (const auto protocol = http::take_element(rest); !protocol.empty() && !http::same_name(protocol, "h2c"))
        return true;
  }
  return false;
}

// What is refused whatever its path.
std::optional<http::Response> refuse(const http::Request& request) {
  if (request.method == "CONNECT" || request.method == "TRACE")
    return http::problem(501, "method_not_forwarded", "CONNECT and TRACE are not forwarded");
  if (wants_other_protocol(request.headers))
    return http::problem(501, "upgrade_not_forwarded", "No other protocol can be switched to here");
  if (goes_round(request.headers)) return http::problem(508, "loop_detected", "The request has come by here before");
  return std::nullopt;
}

http::Response wrong_method(const RouteTable::Match& match) {
  auto refused =
      http::problem(Error{Code::wrong_method, "method_not_allowed", "See Allow for the methods of this path"});
  refused.headers.emplace_back("Allow", match.allow());
  return refused;
}

// What the client sent wrongly is its own; of the rest it hears no address.
http::Response told(const std::string& service, const Error& error) {
  if (error.code == Code::malformed || error.code == Code::too_slow || error.code == Code::too_large)
    return http::problem(error);
  const auto failure = http::told_failure(service, error);
  if (error.reason == "connection_lost" || error.reason == "foreign_answer")
    return http::problem(502, "bad_answer", service + " gave no sound answer");
  return http::problem(failure);
}

}  // namespace

Foreign::Foreign(std::vector<ForeignRoute> routes, const http::Identify& identify, const Reach& reach)
    : routes_(std::move(routes)), table_(routes_), identify_(identify) {
  for (const auto& route : routes_)
    if (auto& service = services_[route.service]; !service) service = reach(route.service);
}

std::optional<Task<http::Response>> Foreign::answer(http::Request& request) const {
  if (table_.empty()) return std::nullopt;
  auto match = table_.find(request.path);
  if (match.routes.empty()) return std::nullopt;
  return pass(request, std::move(match));
}

Task<http::Response> Foreign::pass(http::Request& request, RouteTable::Match match) const {
  if (auto refused = refuse(request)) co_return std::move(*refused);
  if (auto sound = table_.check(request.path); !sound) co_return http::problem(sound.error());
  const auto* const route = match.of(request.method);
  if (route == nullptr) co_return wrong_method(match);
  auto letting = let_in(request, *route);
  auto token = co_await letting;
  if (!token) co_return http::problem(token.error());
  std::string target{request.target};
  if (route->strip) {
    target = match.rest.empty() ? "/" : std::string(match.rest);
    if (request.target.size() > request.path.size()) target += request.target.substr(request.path.size());
  }
  auto forwarding = forward(request, *route, std::move(target), std::move(*token));
  auto response = co_await forwarding;
  co_return response;
}

// The token to be passed on.
Task<Result<std::string>> Foreign::let_in(const http::Request& request, const ForeignRoute& route) const {
  if (route.auth == Auth::none) co_return std::string{};
  auto identifying = identify_(request, true);
  auto call = co_await identifying;
  if (!call) co_return refusal(call);
  if (call->caller == nullptr) {
    const bool is_stranger = request.headers.count("Authorization") == 0;  // who shows anything means to be somebody
    if (route.auth == Auth::optional && is_stranger) co_return std::string{};
    co_return fail(Code::unauthenticated, "token_missing", "Sign in first");
  }
  if (!has_scope(*call->caller, route.scope))
    co_return fail(Code::forbidden, "forbidden", "The caller may not do this");
  co_return call->caller->token;
}

Task<http::Response> Foreign::forward(http::Request& request, const ForeignRoute& route, std::string target,
                                      std::string token) const {
  const milliseconds timeout{route.timeout_ms};
  const bool streams = has_content(request);
  http::Outgoing outgoing{std::string(request.method), std::move(target)};
  request.transit->span.operation = "forward";
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  request.transit->span.is_read = is_read;
  outgoing.headers = to_foreign(request, token, route.strip ? std::string_view{route.prefix} : std::string_view{});
  outgoing.streaming = http::Streaming{streams ? request.body : nullptr, timeout, milliseconds{route.idle_timeout_ms}};
  outgoing.repeatable = !streams && route.retry == Resend::idempotent &&
                        std::ranges::find(idempotent, request.method) != idempotent.end();
  outgoing.may_overlap = is_read;
  outgoing.operation = route.prefix;
  // Nobody knows how fast a foreign service should be but by its timeout; a third of it is left for two more tries.
  outgoing.patience = timeout / 3;
  const auto deadline = Steady::now() + (streams ? std::chrono::milliseconds{longest_upload} : timeout);
  auto asking = services_.at(route.service)->roundtrip(std::move(outgoing), deadline);
  auto response = co_await asking;
  if (!response) co_return told(route.service, response.error());
  response->headers = from_foreign(std::move(response->headers));
  co_return std::move(*response);
}

}  // namespace svc::gateway
