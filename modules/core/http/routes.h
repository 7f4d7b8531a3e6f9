// Routes: puts the operations of a service on a router, each behind the same steps in the order of precedence
// that the API promises: (404, 405 by the router) 401, 413, 415, 400, then the door's 403 and 422, then what
// the implementation answers.
// Slow to compile; included by each module's *_http.cpp only.
#pragma once

#include "contract/door.h"
#include "http/identify.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/wire.h"

namespace svc::http {

/// Bytes a command's body may have.
inline constexpr std::size_t body_limit = 1024 * 1024;

/// An answer that was made anew or changed says so, and with which status: 201 or the endpoint's own.
template <class T>
concept SaysCreated = requires(const T& value) {
  { value.created } -> std::convertible_to<bool>;
};

namespace detail {

/// Reads the body of a command: 413, 415 and 400 in this order.
Task<Result<std::string>> read_command(const Request& request, bool expects_json);

template <class Op>
Response respond(Result<typename Op::Response>& result) {
  using Answer = typename Op::Response;
  if (!result) return problem(result.error());
  Response response{Op::endpoint.success};
  if constexpr (SaysCreated<Answer>)
    if (result->created) response.status = 201;
  if constexpr (!std::is_same_v<Answer, Nothing>) {
    response.content_type = "application/json";
    response.body = encode(*result);
    if constexpr (!Op::endpoint.location.empty())
      if (response.status == 201)
        response.headers.emplace_back("Location", fill_path(Op::endpoint.location, *result));
  }
  return response;
}

template <class S, class Op>
Task<Response> answer(Door<S> door, const Identify& identify, Request& request) {
  constexpr const Endpoint& endpoint = Op::endpoint;
  auto identifying = identify(request, endpoint.access == Access::signed_in || endpoint.access == Access::admin);
  auto call = co_await identifying;
  if (!call) co_return problem(call.error());
  if (auto refused = refuse_caller(*call, endpoint.access); refused && refused->code == Code::unauthenticated)
    co_return problem(*refused);

  Op op{};
  Violations found;
  if constexpr (has_body(endpoint.verb)) {
    auto reading = read_command(request, takes_body<Op>());
    auto body = co_await reading;
    if (!body) co_return problem(body.error());
    auto readable = read_body(*body, op, found);
    if (!readable) co_return problem(readable.error());
  }
  if constexpr (endpoint.retry == Retry::keyed) {
    auto key = idempotency_key(request.headers);
    if (!key) co_return problem(key.error());
    if (!key->empty()) {
      auto origin = std::make_shared<Origin>(*call->origin);
      origin->idempotency_key = std::move(*key);
      call->origin = std::move(origin);
    }
  }
  read_path_and_query(request, op, found);
  if (!found.empty()) add_broken_rules(op, found);

  auto entering = door.enter(std::move(*call), std::move(op), std::move(found));
  auto result = co_await entering;
  co_return respond<Op>(result);
}

}  // namespace detail

/// Adds the operations of `S` that are offered on `where`. `service` and `identify` must outlive the router.
template <class S>
void add_routes(Router& router, Surface where, S& service, const Identify& identify) {
  S::each_operation([&]<class Op>() {
    if (surface(Op::endpoint) != where) return;
    router.add(Op::endpoint.verb, Op::endpoint.path, [door = Door<S>(service), &identify](Request& request) {
      return detail::answer<S, Op>(door, identify, request);
    });
  });
}

}  // namespace svc::http
