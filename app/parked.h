// `svc events`: events that could not have their effect, and what an operator does about them.
#pragma once

#include "operator.h"
#include "settings.h"

namespace svc::app {

/// Asks a process of the running system. Throws std::runtime_error when the keys cannot be used.
Report events_report(const Settings& settings, const EventsCommand& command);

}  // namespace svc::app
