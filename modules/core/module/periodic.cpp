#include "module/periodic.h"

#include "observe/log.h"

namespace svc {

Periodic::Periodic(std::string name, milliseconds interval, std::function<Task<Result<Nothing>>()> work)
    : name_(std::move(name)), interval_(interval), work_(std::move(work)) {}

Task<> Periodic::run() {
  while (true) {
    auto waiting = background_.pause_until(Steady::now() + interval_);
    const bool stopped = co_await waiting;
    if (stopped) co_return;
    std::string fault;
    try {
      auto working = work_();
      auto done = co_await working;
      if (!done) fault = done.error().reason;
    } catch (const std::exception& defect) {
      fault = defect.what();
    }
    if (!fault.empty()) log::warn("round_failed", {{"work", name_}, {"what", fault}});
  }
}

}  // namespace svc
