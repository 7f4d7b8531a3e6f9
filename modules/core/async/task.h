// Task<T>: what a function answers that may have to wait. A coroutine that answers a Task reads like straight
// code and holds no thread while it waits.
//
//   Task<Result<Order>> Orders::handle(Call call, GetOrder query) {
//     auto looked_up = users_.handle(call, user::FindUser{query.user_id});
//     auto found = co_await looked_up;
//     if (!found) co_return refusal(found);
//     …
//   }
//
// A Task starts at once and runs to its first wait; starting two before awaiting either runs them side by side.
// A function that need not wait may be no coroutine at all and return the value: that costs no allocation.
//
// Threads: a Task runs on the loop (loop.h) whose thread started it, and on no other, from start to end. So
// what a coroutine holds needs no lock. Whatever makes a coroutine wait brings it back to its loop.
//
// Lifetimes: a coroutine always runs to its end. A Task that is dropped unfinished goes on by itself, so a
// coroutine takes its parameters by value, and may refer only to what outlives it.
//
// House rule, checked by the architecture test: the operand of co_await is a name. g++ 12 destroys some
// temporaries of a co_await expression twice (captures of a lambda, arms of ?:) and refuses others ("array
// used as initializer"); it gets names right. So: first the call, then co_await.
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace svc {

template <class T = void>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> awaiting;
  std::exception_ptr thrown;
  bool dropped = false;

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      auto& promise = self.promise();
      if (promise.awaiting) return promise.awaiting;
      if (promise.dropped) {
        if (promise.thrown) std::terminate();  // nobody is left to hear of it; a defect must not pass in silence
        self.destroy();
      }
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_never initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() { thrown = std::current_exception(); }
};

/// Owns a coroutine frame, or lets it go when it is not finished.
template <class Promise>
class Frame {
 public:
  Frame() = default;
  explicit Frame(std::coroutine_handle<Promise> handle) : handle_(handle) {}
  Frame(Frame&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Frame& operator=(Frame&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Frame() {
    if (!handle_) return;
    if (handle_.done()) handle_.destroy();
    else handle_.promise().dropped = true;
  }
  explicit operator bool() const { return static_cast<bool>(handle_); }
  bool done() const { return handle_.done(); }
  Promise& promise() const { return handle_.promise(); }

 private:
  std::coroutine_handle<Promise> handle_;
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::PromiseBase {
    std::optional<T> value;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
  };

  /// A Task that is finished already.
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, Task> && std::constructible_from<T, U>)
  Task(U&& value) : value_(std::in_place, std::forward<U>(value)) {}  // NOLINT: meant to convert

  Task(Task&&) noexcept = default;
  Task& operator=(Task&&) noexcept = default;

  bool ready() const { return value_ || frame_.done(); }

  /// The value of a finished Task, once; throws what the coroutine threw.
  T take() {
    if (value_) return std::move(*value_);
    if (auto& promise = frame_.promise(); promise.thrown) std::rethrow_exception(promise.thrown);
    return std::move(*frame_.promise().value);
  }

  bool await_ready() const { return ready(); }
  void await_suspend(std::coroutine_handle<> awaiting) { frame_.promise().awaiting = awaiting; }
  T await_resume() { return take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : frame_(handle) {}
  detail::Frame<promise_type> frame_;
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : detail::PromiseBase {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() {}
  };
  Task(Task&&) noexcept = default;
  Task& operator=(Task&&) noexcept = default;

  bool ready() const { return frame_.done(); }
  void take() {
    if (auto& promise = frame_.promise(); promise.thrown) std::rethrow_exception(promise.thrown);
  }

  bool await_ready() const { return ready(); }
  void await_suspend(std::coroutine_handle<> awaiting) { frame_.promise().awaiting = awaiting; }
  void await_resume() { take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : frame_(handle) {}
  detail::Frame<promise_type> frame_;
};

/// Lets a task go on by itself. Says so at the place where somebody would look for the co_await.
template <class T>
void detach(Task<T> task) {
  const Task<T> dropped = std::move(task);
}

}  // namespace svc
