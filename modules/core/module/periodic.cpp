#include "module/periodic.h"

#include "observe/log.h"

namespace svc {

Periodic::Periodic(std::string name, milliseconds interval, std::function<Task<Result<Nothing>>()> work)
    : name_(std::move(name)), interval_(interval), work_(std::move(work)) {}

void Periodic::start(Loop& loop) {
  loop_ = &loop;
  running_ = true;
  loop.post([this] { detach(run()); });
}

Task<> Periodic::run() {
  while (true) {
    auto waiting = stop_.wait_until(Steady::now() + interval_);
    const bool stopped = co_await waiting;
    if (stopped) break;
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
  const std::lock_guard lock(mutex_);
  running_ = false;
  ended_.notify_all();
}

void Periodic::stop() {
  std::unique_lock lock(mutex_);
  if (!running_) return;
  loop_->post([this] { stop_.happen(); });
  ended_.wait(lock, [this] { return !running_; });
}

}  // namespace svc
