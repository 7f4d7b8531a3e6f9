// Background: a coroutine that runs on a loop beside the requests, from a start to a stop.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "async/event.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/clock.h"

namespace svc {

class Background {
 public:
  /// `run` ends soon after it has been told to by stopping() or pause_until(). What it throws ends the
  /// process: nobody waits for it.
  explicit Background(std::function<Task<>()> run) : run_(std::move(run)) {}

  /// Once. From any thread.
  void start(Loop& loop);
  /// Tells it to end, and returns when it has. Does nothing where it was not started. Not from a loop's
  /// thread.
  void stop();
  /// Returns when it has ended of itself, or was not started. Not from a loop's thread.
  void join();

  /// For `run`, on its loop.
  bool stopping() const { return stop_.happened(); }
  /// For `run`: `auto pausing = background.pause_until(t); const bool ending = co_await pausing;`
  Event::Wait pause_until(Steady::time_point until) { return stop_.wait_until(until); }

 private:
  Task<> run_to_end();

  const std::function<Task<>()> run_;
  Loop* loop_ = nullptr;
  Event stop_;  // lives on loop_
  std::mutex mutex_;
  std::condition_variable ended_;
  bool running_ = false;  // guarded by mutex_
};

}  // namespace svc
