// Descriptors: the limit of open files, and the connections that fit under it.
#pragma once

#include "settings.h"

namespace svc::app {

/// Kept back for databases, logs, and connections to others; and for each further port.
inline constexpr std::int64_t reserved_descriptors = 256, reserved_for_a_port = 64;

/// Raises the process's limit of open files as far as it may, and answers `settings` with no more connections on a port
/// than fit under it beside those reserves: whoever only connects to one must not keep a database from being opened,
/// nor an operator from asking. Says so in the log where they are fewer than configured. Throws std::runtime_error
/// where not even a few fit.
Settings fit_descriptors(Settings settings);

}  // namespace svc::app
