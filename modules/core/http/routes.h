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

/// An answer that was made anew or changed says so, and with which status: 201 or the endpoint's own.
template <class T>
concept SaysCreated = requires(const T& value) {
  { value.created } -> std::convertible_to<bool>;
};

namespace detail {

/// One request for one operation: what the steps need of its type.
class Action {
 public:
  virtual ~Action() = default;
  virtual Result<Nothing> read(const Request& request, std::string_view body) = 0;
  virtual Task<Response> enter(Call call) = 0;
};

/// An operation as a route.
struct RouteInfo {
  Endpoint endpoint;
  bool takes_body;
  std::unique_ptr<Action> (*make)(void* service);
  void* service;
};
Task<Response> answer(const RouteInfo& route, const Identify& identify, Request& request);

template <class Op>
Response respond(Result<typename Op::Response> result) {
  using Answer = typename Op::Response;
  if (!result) return problem(result.error());
  Response response{Op::endpoint.success};
  if constexpr (SaysCreated<Answer>)
    if (result->created) response.status = 201;
  if constexpr (!std::is_same_v<Answer, Nothing>) {
    response.content_type = "application/json";
    response.body = encode(*result);
    if constexpr (!Op::endpoint.location.empty())
      if (response.status == 201) response.headers.emplace_back("Location", fill_path(Op::endpoint.location, *result));
  }
  return response;
}

template <class Answer>
Task<Response> respond_later(Task<Result<Answer>> reply, Response (*respond)(Result<Answer>)) {
  auto result = co_await reply;
  co_return respond(std::move(result));
}

template <class S, class Op>
class ActionOf final : public Action {
 public:
  explicit ActionOf(S& service) : door_(service) {}

  Result<Nothing> read(const Request& request, std::string_view body) override {
    if constexpr (has_body(Op::endpoint.verb)) {
      auto readable = read_body(body, op_, found_);
      if (!readable) return readable;
    }
    read_path_and_query(request, op_, found_);
    if (!found_.empty()) add_broken_rules(op_, found_);
    return Nothing{};
  }

  Task<Response> enter(Call call) override {
    auto reply = door_.enter(std::move(call), std::move(op_), std::move(found_));
    if (reply.ready()) return respond<Op>(reply.take());
    return respond_later(std::move(reply), respond<Op>);
  }

  static std::unique_ptr<Action> make(void* service) { return std::make_unique<ActionOf>(*static_cast<S*>(service)); }

 private:
  Door<S> door_;
  Op op_{};
  Violations found_;
};

}  // namespace detail

/// Adds the operations of `S` that are offered on `where`. `service` and `identify` must outlive the router.
template <class S>
void add_routes(Router& router, Surface where, S& service, const Identify& identify) {
  S::each_operation([&]<class Op>() {
    if (surface(Op::endpoint) != where) return;
    const detail::RouteInfo route{Op::endpoint, takes_body<Op>(), detail::ActionOf<S, Op>::make, &service};
    router.add(Op::endpoint.verb, Op::endpoint.path,
               [route, &identify](Request& request) { return detail::answer(route, identify, request); });
  });
}

}  // namespace svc::http
