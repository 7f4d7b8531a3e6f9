#include "cors.h"
#include "gateway/module.h"
#include "headers.h"
#include "http/problem.h"

namespace svc::gateway {
namespace {

bool is_repeatable(Retry retry, const http::Request& request) {
  if (retry == Retry::keyed) return !request.headers.get("Idempotency-Key").empty();
  return retry != Retry::never;
}

// One request on its way through.
Task<http::Response> pass(const Endpoint& endpoint, Upstream& upstream, const http::Identify& identify,
                          http::Request& request) {
  request.headers = from_client(request.headers);
  const bool needs_caller = endpoint.access != Access::anyone;
  auto identifying = identify(request, needs_caller);
  auto call = co_await identifying;
  if (!call) co_return http::problem(call.error());
  if (needs_caller && call->caller == nullptr)
    co_return http::problem(Error{Code::unauthenticated, "token_missing", "Sign in first"});
  const Terms terms{call->deadline, has_body(endpoint.verb), is_repeatable(endpoint.retry, request), endpoint.name,
                    patience_for(endpoint, call->origin->wait)};
  auto forwarding = upstream.forward(request, terms);
  auto response = co_await forwarding;
  co_return response;
}

class Gateway {
 public:
  Gateway(const Config& config, const std::vector<Route>& routes, const http::Identify& identify, std::string openapi)
      : cors_(config.cors_origins), cors_on_(!config.cors_origins.empty()) {
    add_routes(router_, routes, identify);
    router_.add(Verb::get, "/openapi.json", [openapi = std::move(openapi)](http::Request&) {
      return Task<http::Response>(http::Response{200, "application/json", openapi});
    });
  }

  Task<http::Response> answer(http::Request& request) const {
    if (!cors_on_) return router_.dispatch(request);
    return answer_pages(request);
  }

 private:
  Task<http::Response> answer_pages(http::Request& request) const {
    if (Cors::is_preflight(request)) co_return cors_.preflight(request);
    auto dispatching = router_.dispatch(request);
    auto response = co_await dispatching;
    cors_.allow(request, response);
    co_return response;
  }

  http::Router router_;
  const Cors cors_;
  const bool cors_on_;
};

}  // namespace

void Config::check_whole(Violations& found) const {
  for (const auto& origin : cors_origins)
    if (origin != "*" && !origin.starts_with("http://") && !origin.starts_with("https://"))
      report(found, {"/cors_origins", "format", "origins such as https://shop.example, or *"});
}

void add_routes(http::Router& router, const std::vector<Route>& routes, const http::Identify& identify) {
  for (const auto& route : routes)
    router.add(route.endpoint.verb, route.endpoint.path,
               [route, &identify](http::Request& request) {
                 return pass(route.endpoint, *route.upstream, identify, request);
               });
}

http::Handler make(const Config& config, const std::vector<Route>& routes, const http::Identify& identify,
                   std::string openapi) {
  const auto gateway = std::make_shared<Gateway>(config, routes, identify, std::move(openapi));
  return [gateway](http::Request& request) { return gateway->answer(request); };
}

}  // namespace svc::gateway
