// Metrics: /metrics, for Prometheus. Without a token, on ports that are not for clients.
#pragma once

#include <string>
#include <vector>

#include "http/router.h"
#include "module/module.h"

namespace svc::app {

/// A module that this process hosts. It outlives the router.
struct Measured {
  std::string name;
  const Module* module;
};

/// Adds /metrics: the process, the operations called in it, and what each of these modules has to tell.
void add_metrics(http::Router& router, std::vector<Measured> modules);

}  // namespace svc::app
