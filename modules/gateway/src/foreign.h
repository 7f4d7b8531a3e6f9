// Foreign: answers the requests of foreign services' routes. Neither content is ever held whole.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/module.h"
#include "route_table.h"

namespace svc::gateway {

/// Thread-safe once made.
class Foreign {
 public:
  /// `identify` outlives it.
  Foreign(std::vector<ForeignRoute> routes, const http::Identify& identify, const Reach& reach);

  /// Nothing when the request's path belongs to no route. The request outlives the task, and the answer's source.
  std::optional<Task<http::Response>> answer(http::Request& request) const;

 private:
  Task<http::Response> pass(http::Request& request, RouteTable::Match match) const;
  Task<Result<std::string>> let_in(const http::Request& request, const ForeignRoute& route) const;
  Task<http::Response> forward(http::Request& request, const ForeignRoute& route, std::string target,
                               std::string token) const;

  const std::vector<ForeignRoute> routes_;
  const RouteTable table_;
  const http::Identify& identify_;
  std::map<std::string, std::shared_ptr<http::Transport>> services_;  // by name
};

}  // namespace svc::gateway
