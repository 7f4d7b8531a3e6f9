#include "async/background.h"

namespace svc {

void Background::start(Loop& loop) {
  {
    const std::lock_guard lock(mutex_);
    loop_ = &loop;
    running_ = true;
  }
  loop.post([this] { detach(run_to_end()); });
}

void Background::stop() {
  std::unique_lock lock(mutex_);
  if (!running_) return;
  loop_->post([this] { stop_.happen(); });
  ended_.wait(lock, [this] { return !running_; });
}

void Background::join() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return !running_; });
}

Task<> Background::run_to_end() {
  auto running = run_();
  co_await running;
  const std::lock_guard lock(mutex_);
  running_ = false;
  ended_.notify_all();
}

}  // namespace svc
