// Registration: keeps an instance of one service in the registry while it is ready and wanted: registers, renews,
// registers again when the lease is gone, and takes it off at the end.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "async/background.h"
#include "async/bell.h"
#include "registry/registry.h"

namespace svc::app {

class Registration {
 public:
  /// `ready`: whether there is something to register now; asked on the loop. `registry` must outlive it.
  Registration(registry::Registry& registry, registry::Register instance, std::function<bool()> ready)
      : registry_(registry), instance_(std::move(instance)), ready_(std::move(ready)) {}

  void start(Loop& loop);
  /// Looks at `ready` soon, not only at the next beat. Thread-safe.
  void look() { changed_.ring(); }
  /// Takes the instance off the registry, if that can be reached within `limit`, and ends. Thread-safe.
  void leave(Steady::duration limit);
  /// Returns when it has ended, as leave() had it. Not from a loop's thread.
  void stop() { background_.join(); }

 private:
  Task<> run();
  Task<Result<Nothing>> step();
  Call call() const;

  registry::Registry& registry_;
  const registry::Register instance_;
  const std::function<bool()> ready_;
  std::optional<registry::Granted> granted_;  // of the loop
  bool ending_ = false;                       // of the loop
  Steady::time_point end_by_{};               // of the loop
  Bell changed_;
  Loop* loop_ = nullptr;
  Background background_{[this] { return run(); }};
};

}  // namespace svc::app
