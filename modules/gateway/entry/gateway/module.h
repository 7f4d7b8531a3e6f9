// How a process hosts the gateway. Included by app and tests only.
//
// The gateway is where clients come in. It passes requests on to the module that answers them, and never looks
// into what they ask for: the router of a module in the same process is one more upstream to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/fields.h"
#include "contract/endpoint.h"
#include "gateway/foreign_route.h"
#include "http/identify.h"
#include "http/router.h"
#include "http/transport.h"
#include "identity/cluster_key.h"
#include "resilience/rate_limiter.h"

namespace svc::gateway {

struct Config {
  std::vector<std::string> cors_origins;
  resilience::RateLimiterOptions rate_limit{};
  std::vector<ForeignRoute> routes{};
  static constexpr auto fields() {
    return rows(
        field(&Config::cors_origins, "cors_origins",
              "Web pages of these origins may call from a browser: https://shop.example, or * for all; "
              "empty: none"),
        field(&Config::rate_limit, "rate_limit", "What one client may ask: the user of a valid token, else an address"),
        field(&Config::routes, "routes", "A part of the paths that a service of somebody else's answers"));
  }
  void check_whole(Violations& found) const;
};

/// What is known of a request before it is passed on.
struct Terms {
  Steady::time_point deadline;  ///< for its answer
  bool takes_body;              ///< whether what it asks for has a body; otherwise none is read
  bool repeatable;              ///< whether it may be sent again when nobody knows if it was heard
  std::string_view operation;   ///< what it asks for, as its circuit breaker tells it from others
  milliseconds patience;        ///< time its answer may take though all is well
};

/// Who answers the requests of a route.
class Upstream {
 public:
  virtual ~Upstream() = default;
  /// Thread-safe. The request outlives the task; its headers hold only what clients may send.
  virtual Task<http::Response> forward(http::Request& request, const Terms& terms) = 0;
};
/// A module of this process. `router` outlives it.
std::unique_ptr<Upstream> upstream_in_process(const http::Router& router);
/// A module of another process; `name` is what clients are told when it does not answer. `cluster` outlives it.
std::unique_ptr<Upstream> upstream_behind(std::shared_ptr<http::Transport> transport, std::string name,
                                          const ClusterKey& cluster);

struct Route {
  Endpoint endpoint;
  Upstream* upstream;  ///< outlives the handler
};

/// Adds routes to upstreams. Who asks is made sure of before an upstream hears of it. `identify` outlives the
/// router.
void add_routes(http::Router& router, const std::vector<Route>& routes, const http::Identify& identify);

/// How a foreign service is reached, by its name. Asked once for each.
using Reach = std::function<std::shared_ptr<http::Transport>(const std::string& service)>;

/// The gateway's handler. Only what `routes` and the configuration's name is reachable through it. `identify` outlives
/// it. `openapi` is served as /openapi.json. `reach` may be left out where the configuration has no routes.
http::Handler make(const Config& config, const std::vector<Route>& routes, const http::Identify& identify,
                   std::string openapi, const Reach& reach = {});

}  // namespace svc::gateway
