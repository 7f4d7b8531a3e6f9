#include "descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "observe/log.h"

namespace svc::app {
namespace {

constexpr std::int64_t a_few = 16;

std::int64_t raise_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return std::numeric_limits<std::int64_t>::max();
  const rlimit raised{files.rlim_max, files.rlim_max};
  if (files.rlim_cur < files.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
  constexpr rlim_t most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(files.rlim_cur, most));
}

}  // namespace

Settings fit_descriptors(Settings settings) {
  const auto limit = raise_limit();
  const auto further_ports = static_cast<std::int64_t>(settings.opened_ports().size()) - 1;
  const auto reserved = reserved_descriptors + further_ports * reserved_for_a_port;
  const auto fit = limit - reserved;
  if (fit < a_few)
    throw std::runtime_error("the limit of open files (ulimit -n) is " + std::to_string(limit) + ": must be at least " +
                             std::to_string(reserved + a_few));
  auto& connections = settings.http.server.connections;
  if (connections <= fit) return settings;
  log::warn("fewer_connections", {{"configured", connections}, {"open_files", limit}, {"connections", fit}});
  connections = fit;
  return settings;
}

}  // namespace svc::app
