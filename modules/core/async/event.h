// Event: something that happens once, and that coroutines of the same loop wait for.
#pragma once

#include <coroutine>
#include <optional>
#include <vector>

#include "async/loop.h"

namespace svc {

/// Lives on one loop; must outlive its waiters.
class Event {
 public:
  bool happened() const { return happened_; }
  /// Resumes every waiter, in the loop's next round. May be called again, to no effect.
  void happen();

  /// `auto wait = event.wait_until(t); const bool in_time = co_await wait;`
  class Wait;
  Wait wait_until(Steady::time_point limit);

 private:
  bool happened_ = false;
  std::vector<Wait*> waiting_;
};

class Event::Wait {
 public:
  Wait(Event& event, Steady::time_point limit) : event_(event), limit_(limit) {}
  bool await_ready() const { return event_.happened_; }
  void await_suspend(std::coroutine_handle<> awaiting);
  bool await_resume() const { return event_.happened_; }

 private:
  friend class Event;
  Event& event_;
  Steady::time_point limit_;
  std::coroutine_handle<> awaiting_;
  std::optional<Loop::TimerId> timer_;
};

inline Event::Wait Event::wait_until(Steady::time_point limit) { return {*this, limit}; }

}  // namespace svc
