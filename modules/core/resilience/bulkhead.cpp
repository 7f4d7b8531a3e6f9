#include "resilience/bulkhead.h"

#include <optional>

namespace svc::resilience {

// Stands in the queue while its coroutine is suspended, and is the work that wakes it. Whoever takes it out
// of the queue, under the lock, answers it: a permit that is dropped, or its own timer.
class Bulkhead::Waiter final : public Work {
 public:
  Waiter(Bulkhead& bulkhead, Steady::time_point deadline) : bulkhead_(bulkhead), deadline_(deadline) {
    run = [](Work* self) { static_cast<Waiter*>(self)->wake(); };
  }
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting);
  Answer await_resume() const { return answer_; }

  /// From any thread, when it is out of the queue.
  void let_in() {
    answer_ = Answer::entered;
    home_.post(this);
  }

 private:
  void wake() {
    if (timer_) home_.cancel(*timer_);
    awaiting_.resume();
  }
  void give_up();

  Bulkhead& bulkhead_;
  const Steady::time_point deadline_;
  Loop& home_ = Loop::current();
  Answer answer_ = Answer::none;
  std::coroutine_handle<> awaiting_;
  std::list<Waiter*>::iterator place_;
  std::optional<Loop::TimerId> timer_;  // the home loop's own
};

bool Bulkhead::Waiter::await_suspend(std::coroutine_handle<> awaiting) {
  awaiting_ = awaiting;
  {
    const std::lock_guard lock(bulkhead_.mutex_);
    answer_ = bulkhead_.try_enter();  // a place may have come free since enter() looked
    if (answer_ != Answer::none) return false;
    place_ = bulkhead_.queue_.insert(bulkhead_.queue_.end(), this);
  }
  // From here on it may be let in; but what wakes it runs on this loop, after us.
  if (deadline_ != Steady::time_point::max()) timer_ = home_.at(deadline_, [this] { give_up(); });
  return true;
}

void Bulkhead::Waiter::give_up() {
  timer_.reset();  // it has run
  {
    const std::lock_guard lock(bulkhead_.mutex_);
    if (answer_ == Answer::entered) return;  // let in at the last moment, and about to be woken
    bulkhead_.queue_.erase(place_);
    answer_ = Answer::late;
  }
  awaiting_.resume();
}

Bulkhead::Answer Bulkhead::try_enter() {
  if (inside_ < options_.concurrent) {
    ++inside_;
    return Answer::entered;
  }
  if (static_cast<std::int64_t>(queue_.size()) < options_.waiting) return Answer::none;
  ++refused_;
  return Answer::full;
}

Result<Bulkhead::Permit> Bulkhead::result_of(Answer answer) {
  if (answer == Answer::entered) return Permit(*this);
  if (answer == Answer::full)
    return fail(Code::unavailable, "bulkhead_full", "Too many calls are waiting for an answer already");
  return fail(Code::unavailable, "bulkhead_full", "No other call was answered in time to make room for this one");
}

Task<Result<Bulkhead::Permit>> Bulkhead::enter(Steady::time_point deadline) {
  Answer answer;
  {
    const std::lock_guard lock(mutex_);
    answer = try_enter();
  }
  if (answer != Answer::none) return result_of(answer);
  return wait(deadline);
}

Task<Result<Bulkhead::Permit>> Bulkhead::wait(Steady::time_point deadline) {
  Waiter waiter(*this, deadline);
  const auto answer = co_await waiter;
  co_return result_of(answer);
}

void Bulkhead::leave() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    --inside_;
    return;
  }
  // The place is handed over, never free in between, so that nobody who comes now is let in before who waits.
  auto* const next = queue_.front();
  queue_.pop_front();
  next->let_in();
}

BulkheadStatus Bulkhead::status() const {
  const std::lock_guard lock(mutex_);
  return {inside_, static_cast<std::int64_t>(queue_.size()), refused_};
}

}  // namespace svc::resilience
