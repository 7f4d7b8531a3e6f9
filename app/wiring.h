// Wiring: makes the modules of a role and ties them together. The one place that knows which module is in this
// process and which is in another. Tests start the same wiring as main().
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "settings.h"

namespace svc::app {

class Process {
 public:
  /// Makes everything and opens the ports; nothing is served yet. Throws std::runtime_error, with a message for
  /// the operator, when something cannot be had. `clock` outlives the process.
  Process(const Settings& settings, const Clock& clock);
  ~Process();

  /// Serves from now on.
  void start();
  /// Lets running requests end, within `drain`, and stops.
  void stop(Steady::duration drain);

  /// Reads the gateway's certificate anew; what is wrong with it goes to the log, and the old one stays.
  void reload_certificate();

  /// The ports that are open, by module; "operations" where that is one of its own.
  std::map<std::string, int> ports() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace svc::app
