#include "async/bell.h"

#include <algorithm>
#include <utility>

namespace svc {

std::uint64_t Bell::rings() const {
  const std::lock_guard lock(mutex_);
  return rings_;
}

void Bell::ring() {
  std::vector<Wait*> rung;
  {
    const std::lock_guard lock(mutex_);
    ++rings_;
    rung = std::exchange(waiting_, {});
  }
  // Who is off the list is resumed by what is posted here and by nothing else, so it is still there.
  for (Wait* wait : rung) wait->home_.post(wait);
}

bool Bell::Wait::await_suspend(std::coroutine_handle<> awaiting) {
  awaiting_ = awaiting;
  run = [](Work* self) { static_cast<Wait*>(self)->on_ring(); };
  const std::lock_guard lock(bell_.mutex_);
  if (bell_.rings_ != heard_) return false;
  if (limit_ != Steady::time_point::max()) timer_ = home_.at(limit_, [this] { on_limit(); });
  bell_.waiting_.push_back(this);
  return true;
}

void Bell::Wait::on_ring() {
  if (timer_) home_.cancel(*timer_);
  awaiting_.resume();
}

void Bell::Wait::on_limit() {
  timer_.reset();
  {
    const std::lock_guard lock(bell_.mutex_);
    if (std::erase(bell_.waiting_, this) == 0) return;  // it has rung: on_ring() is on its way
  }
  rang_ = false;
  awaiting_.resume();
}

}  // namespace svc
