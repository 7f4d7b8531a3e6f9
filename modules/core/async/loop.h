// Loop: one thread that waits on many things (sockets, timers, posted work) and runs what is due.
// Coroutines live on the loop that started them (task.h). Nothing on a loop may block for long; what must
// block goes to a Pool (pool.h) or a database's writer (sql/database.h).
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "async/task.h"

namespace svc {

using Steady = std::chrono::steady_clock;

/// Something to run on a loop. Intrusive, so that posting allocates nothing: whoever posts it keeps it alive
/// until it ran.
struct Work {
  void (*run)(Work*) = nullptr;
  void (*drop)(Work*) = nullptr;  ///< in place of run, when its loop ends first; null: nothing is to be done
  Work* next = nullptr;
};

/// A queue of Work, first in, first out.
class WorkList {
 public:
  bool empty() const { return first_ == nullptr; }
  void push(Work* work) {
    work->next = nullptr;
    (last_ != nullptr ? last_->next : first_) = work;
    last_ = work;
  }
  Work* pop() {
    Work* const work = first_;
    if (work == nullptr) return nullptr;
    first_ = work->next;
    if (first_ == nullptr) last_ = nullptr;
    return work;
  }
  void append(WorkList other) {
    if (other.empty()) return;
    (last_ != nullptr ? last_->next : first_) = other.first_;
    last_ = other.last_;
  }

 private:
  Work* first_ = nullptr;
  Work* last_ = nullptr;
};

/// Gets a descriptor's events (EPOLLIN and so on), on the loop's thread.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_events(std::uint32_t events) = 0;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The loop of this thread; only where current_or_null() is not null.
  static Loop& current();
  static Loop* current_or_null();

  /// Runs until stop(). Work posted before run() is kept for it.
  void run();
  /// Runs until `done()` holds. For tests and for start-up.
  void run_until(const std::function<bool()>& done);

  // From any thread.
  void post(Work* work);
  void post(WorkList work);
  void post(std::function<void()> work);
  void stop();

  // From the loop's own thread.
  using Timers = std::multimap<Steady::time_point, std::function<void()>>;
  using TimerId = Timers::iterator;
  TimerId at(Steady::time_point when, std::function<void()> what);
  /// Only for a timer that has not run yet.
  void cancel(TimerId timer);
  /// Runs `what` at the end of this turn: when all that is due has been run, and before the loop waits. What is left
  /// for the end by one that runs there belongs to the same end. For telling other threads once of what several
  /// coroutines have left for them.
  void at_end_of_turn(std::function<void()> what) { at_end_.push_back(std::move(what)); }

  /// Events as for epoll_ctl(2). `watcher` stays until unwatch(), after which it hears nothing more.
  void watch(int fd, std::uint32_t events, Watcher* watcher);
  void unwatch(int fd, const Watcher* watcher);

 private:
  void turn();
  void run_posted();
  void run_timers();
  void end_turn();
  int wait_ms() const;

  int epoll_ = -1;
  struct Waker;
  std::shared_ptr<const Waker> wake_;  // shared with whoever is waking it: by then it may have come to its end
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  WorkList posted_;  // by other threads; guarded by mutex_
  WorkList here_;    // by this one

  Timers timers_;
  std::vector<std::function<void()>> at_end_;
  std::span<epoll_event> round_;  // events not yet handed out
};

/// Waits on the current loop. `auto nap = sleep_until(t); co_await nap;`
class SleepUntil {
 public:
  explicit SleepUntil(Steady::time_point when) : when_(when) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    Loop::current().at(when_, [awaiting] { awaiting.resume(); });
  }
  void await_resume() {}

 private:
  Steady::time_point when_;
};
inline SleepUntil sleep_until(Steady::time_point when) { return SleepUntil{when}; }
inline SleepUntil sleep_for(Steady::duration time) { return SleepUntil{Steady::now() + time}; }

/// Lets everything else that is due on the current loop go first. `NextTurn turn; co_await turn;`
class NextTurn : Work {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    run = [](Work* self) { static_cast<NextTurn*>(self)->awaiting_.resume(); };
    Loop::current().post(this);
  }
  void await_resume() {}

 private:
  std::coroutine_handle<> awaiting_;
};

/// A fixed set of loops, each with its thread, and one more for what nobody waits for.
class Loops {
 public:
  explicit Loops(std::size_t count);
  /// Stops and joins.
  ~Loops();
  Loop& operator[](std::size_t index) { return *loops_[index]; }
  std::size_t size() const { return loops_.size(); }
  /// Its thread has the priority background (priority.h).
  Loop& background() { return background_; }
  void stop();

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  Loop background_;
  std::vector<std::thread> threads_;
};

/// Runs a task made by `make()` to its end on a loop of this thread's own. For tests and small programs.
template <class Make>
auto run_here(Make make) -> decltype(make().take()) {
  Loop loop;
  std::optional<decltype(make())> task;
  loop.post([&] { task.emplace(make()); });
  loop.run_until([&] { return task && task->ready(); });
  return task->take();
}

}  // namespace svc
