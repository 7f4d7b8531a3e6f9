// Bell: something that happens again and again, and that coroutines of any loop wait for.
//
//   while (true) {
//     const auto heard = bell.rings();       // before one looks: what changes later rings later
//     if (look()) co_return …;
//     auto waiting = bell.wait_until(heard, limit);
//     const bool rang = co_await waiting;
//   }
#pragma once

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "async/loop.h"

namespace svc {

/// Must outlive its waiters.
class Bell {
 public:
  /// How often it has rung.
  std::uint64_t rings() const;
  /// Resumes every waiter, each on its own loop. From any thread.
  void ring();

  /// Waits for a ring after the first `heard`. False when it is `limit` first.
  class Wait;
  Wait wait_until(std::uint64_t heard, Steady::time_point limit);

 private:
  mutable std::mutex mutex_;
  std::uint64_t rings_ = 0;
  std::vector<Wait*> waiting_;
};

class Bell::Wait : private Work {
 public:
  Wait(Bell& bell, std::uint64_t heard, Steady::time_point limit) : bell_(bell), heard_(heard), limit_(limit) {}
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting);
  bool await_resume() const { return rang_; }

 private:
  friend class Bell;
  void on_ring();
  void on_limit();

  Bell& bell_;
  const std::uint64_t heard_;
  const Steady::time_point limit_;
  Loop& home_ = Loop::current();
  std::coroutine_handle<> awaiting_;
  std::optional<Loop::TimerId> timer_;
  bool rang_ = true;
};

inline Bell::Wait Bell::wait_until(std::uint64_t heard, Steady::time_point limit) { return {*this, heard, limit}; }

}  // namespace svc
