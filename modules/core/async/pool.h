// Pool: a bounded set of threads for work that has no other way than to block, or that computes for long
// (password hashing). The queue is bounded too: what would wait in vain is refused at once.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/priority.h"
#include "async/task.h"
#include "base/error.h"

namespace svc {

class Pool {
 public:
  /// `threads` at work, and at most `queue_limit` waiting.
  Pool(std::size_t threads, std::size_t queue_limit, Priority priority = Priority::normal);
  /// Finishes what is queued.
  ~Pool();

  /// Runs `function` on a thread of the pool, and brings its answer back to the caller's loop. Refuses with
  /// Code::unavailable, reason "busy", when the queue is full. What `function` throws is thrown here.
  template <class F>
  Task<Result<std::invoke_result_t<F>>> run(F function) {
    Job<F> job(std::move(function));
    if (!enqueue(&job)) co_return fail(Code::unavailable, "busy", "Too much of this is waiting already");
    co_await job;
    if (job.thrown) std::rethrow_exception(job.thrown);
    co_return std::move(*job.answer);
  }

 private:
  struct JobBase : Work {
    virtual ~JobBase() = default;
    virtual void compute() noexcept = 0;
    Loop* home = &Loop::current();
    std::coroutine_handle<> awaiting;
  };
  template <class F>
  struct Job;
  bool enqueue(JobBase* job);
  void work();

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<JobBase*> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class F>
struct Pool::Job final : JobBase {
  explicit Job(F&& f) : function(std::move(f)) {
    run = [](Work* self) { static_cast<Job*>(self)->finish(); };
  }
  void compute() noexcept override {
    try {
      answer.emplace(function());
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  // Both on the home loop: the coroutine suspends before the loop can run what the pool posted.
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { awaiting = handle; }
  void await_resume() {}
  void finish() { awaiting.resume(); }

  F function;
  std::optional<std::invoke_result_t<F>> answer;
  std::exception_ptr thrown;
};

}  // namespace svc
