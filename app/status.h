// `svc status`: how the whole system stands, as its registry and its processes tell.
#pragma once

#include "operator.h"
#include "settings.h"

namespace svc::app {

/// A table for people: services and their instances, and each process's links. Asks the registry, and each
/// process it names, with the keys under the data directory; whoever does not answer is said to. Throws
/// std::runtime_error when the keys cannot be used. `ok` is false when nobody answered at all, or there are
/// no keys: none are made.
Report status_report(const Settings& settings);

}  // namespace svc::app
