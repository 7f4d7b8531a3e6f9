// `svc explain`: what became of a request or an order, as its modules keep it and its processes remember it.
#pragma once

#include <string>

#include "operator.h"
#include "settings.h"

namespace svc::app {

/// `id` is that of an order, of a request (X-Request-Id), or of a trace (32 digits). Asks each process that the
/// registry names; who does not answer is said to. Throws std::runtime_error when the keys cannot be used. `ok` is
/// false when nothing is known of it.
Report explain_report(const Settings& settings, const std::string& id);

}  // namespace svc::app
