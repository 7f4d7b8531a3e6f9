#include "contract/span.h"
#include "cors.h"
#include "foreign.h"
#include "gateway/module.h"
#include "headers.h"
#include "http/problem.h"
#include "rate_limit.h"

namespace svc::gateway {
namespace {

// One request on its way through.
Task<http::Response> pass(const Endpoint& endpoint, Upstream& upstream, const http::Identify& identify,
                          http::Request& request) {
  request.transit->span.ask_for(endpoint);
  request.headers = from_client(request.headers);
  const bool needs_caller = endpoint.access != Access::anyone;
  auto identifying = identify(request, needs_caller);
  auto call = co_await identifying;
  if (!call) co_return http::problem(call.error());
  if (needs_caller && call->caller == nullptr)
    co_return http::problem(Error{Code::unauthenticated, "token_missing", "Sign in first"});
  const bool has_key = !request.headers.get("Idempotency-Key").empty();
  const Terms terms{call->deadline, has_body(endpoint.verb), may_repeat(endpoint, has_key), endpoint.name,
                    patience_for(endpoint, call->origin->wait)};
  auto forwarding = upstream.forward(request, terms);
  auto response = co_await forwarding;
  co_return response;
}

// Answers a request as `next` does, and remembers it, whatever becomes of it.
template <class Next>
Task<http::Response> traced(const http::Identify& identify, http::Request& request, Next next) {
  auto transit = identify.begin_transit(request);
  request.transit = &transit;
  try {
    auto answering = next(request);
    auto response = co_await answering;
    request.transit = nullptr;
    transit.span.end(outcome_of_status(response.status));
    co_return response;
  } catch (...) {
    request.transit = nullptr;
    transit.span.end(outcome_of(Code::internal));
    throw;
  }
}

class Gateway {
 public:
  Gateway(const Config& config, const std::vector<Route>& routes, const http::Identify& identify, std::string openapi,
          const Reach& reach)
      : foreign_(config.routes, identify, reach),
        identify_(identify),
        limit_(config.rate_limit, identify),
        cors_(config.cors_origins),
        cors_on_(!config.cors_origins.empty()) {
    add_routes(router_, routes, identify);
    router_.add(Verb::get, "/openapi.json", [openapi = std::move(openapi)](http::Request&) {
      return Task<http::Response>(http::Response{200, "application/json", openapi});
    });
  }

  Task<http::Response> answer(http::Request& request) {
    return traced(identify_, request, [this](http::Request& in_transit) {
      return cors_on_ || limit_.on() ? answer_fully(in_transit) : dispatch(in_transit);
    });
  }

 private:
  // No path is both a module's and a foreign service's: the configuration was checked for that.
  Task<http::Response> dispatch(http::Request& request) const {
    if (auto answering = foreign_.answer(request)) return std::move(*answering);
    return router_.dispatch(request);
  }

  Task<http::Response> answer_fully(http::Request& request) {
    if (cors_on_ && Cors::is_preflight(request)) co_return cors_.preflight(request);
    resilience::RateDecision decision;
    if (limit_.on()) {
      auto asking = limit_.ask(request);
      decision = co_await asking;
    }
    auto answering = decision.allowed ? dispatch(request) : Task<http::Response>(RateLimit::refusal(decision));
    auto response = co_await answering;
    RateLimit::tell(decision, response);
    if (cors_on_) cors_.allow(request, response);
    co_return response;
  }

  http::Router router_;
  const Foreign foreign_;
  const http::Identify& identify_;
  RateLimit limit_;
  const Cors cors_;
  const bool cors_on_;
};

}  // namespace

void Config::check_whole(Violations& found) const {
  for (const auto& origin : cors_origins)
    if (origin != "*" && !origin.starts_with("http://") && !origin.starts_with("https://"))
      report(found, {"/cors_origins", "format", "origins such as https://shop.example, or *"});
  check_routes(routes, found);
}

void add_routes(http::Router& router, const std::vector<Route>& routes, const http::Identify& identify) {
  for (const auto& route : routes)
    router.add(route.endpoint.verb, route.endpoint.path, [route, &identify](http::Request& request) {
      const auto passing = [&route, &identify](http::Request& in_transit) {
        return pass(route.endpoint, *route.upstream, identify, in_transit);
      };
      return request.transit != nullptr ? passing(request) : traced(identify, request, passing);
    });
}

http::Handler make(const Config& config, const std::vector<Route>& routes, const http::Identify& identify,
                   std::string openapi, const Reach& reach) {
  const auto gateway = std::make_shared<Gateway>(config, routes, identify, std::move(openapi), reach);
  return [gateway](http::Request& request) { return gateway->answer(request); };
}

}  // namespace svc::gateway
