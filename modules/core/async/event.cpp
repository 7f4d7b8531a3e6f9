#include "async/event.h"

#include <algorithm>
#include <utility>

namespace svc {

void Event::happen() {
  if (std::exchange(happened_, true)) return;
  for (Wait* wait : std::exchange(waiting_, {})) {
    if (wait->timer_) Loop::current().cancel(*wait->timer_);
    // Not resumed from here: the caller is in the middle of something of its own.
    Loop::current().post([awaiting = wait->awaiting_] { awaiting.resume(); });
  }
}

void Event::Wait::await_suspend(std::coroutine_handle<> awaiting) {
  awaiting_ = awaiting;
  event_.waiting_.push_back(this);
  if (limit_ == Steady::time_point::max()) return;
  timer_ = Loop::current().at(limit_, [this] {
    std::erase(event_.waiting_, this);
    awaiting_.resume();
  });
}

}  // namespace svc
