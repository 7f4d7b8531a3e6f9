// Health: what an orchestrator, a load balancer or a person may ask of a process, without a token.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "http/router.h"

namespace svc::app {

/// A part of the process and what tells whether it can do its work.
using Troubles = std::map<std::string, std::function<std::optional<std::string>()>>;

/// Adds /health/live (200 while the process runs) and /health/ready (200 while each part can do its work, else
/// 503 with the reasons). `links`: where other modules are reached; told, but no part of readiness.
void add_health(http::Router& router, Troubles parts, std::function<std::map<std::string, std::string>()> links);

}  // namespace svc::app
