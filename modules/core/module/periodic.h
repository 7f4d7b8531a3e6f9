// Periodic: something a module does again and again in the background.
#pragma once

#include <functional>
#include <string>

#include "async/background.h"
#include "base/clock.h"
#include "base/error.h"

namespace svc {

class Periodic {
 public:
  /// `work` answers when its round is done; an error is logged, and the next round comes as usual.
  Periodic(std::string name, milliseconds interval, std::function<Task<Result<Nothing>>()> work);

  /// Runs `work` on `loop`, first after one interval.
  void start(Loop& loop) { background_.start(loop); }
  /// Waits for a running round to end. Not from a loop's thread.
  void stop() { background_.stop(); }

 private:
  Task<> run();

  const std::string name_;
  const milliseconds interval_;
  const std::function<Task<Result<Nothing>>()> work_;
  Background background_{[this] { return run(); }};
};

}  // namespace svc
