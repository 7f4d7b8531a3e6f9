#include "async/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "async/priority.h"

namespace svc {
namespace {

thread_local Loop* current_loop = nullptr;

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

struct FunctionWork : Work {
  std::function<void()> function;
};

}  // namespace

// An eventfd.
struct Loop::Waker {
  Waker() : descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { check(descriptor, "eventfd"); }
  ~Waker() { ::close(descriptor); }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
  }
  const int descriptor;
};

Loop::Loop() : wake_(std::make_shared<const Waker>()) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  check(epoll_, "epoll_create1");
  epoll_event event{};
  // Edge-triggered, so that nobody need read it: each write is told of (epoll(7)), and its count never fills up.
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // nothing is to be done about it but to wake
  check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_->descriptor, &event), "epoll_ctl");
}

Loop::~Loop() {
  posted_.append(std::exchange(here_, {}));
  while (Work* const work = posted_.pop())
    if (work->drop != nullptr) work->drop(work);
  ::close(epoll_);
}

Loop& Loop::current() {
  if (current_loop == nullptr) std::abort();  // a coroutine would wait where nothing can bring it back
  return *current_loop;
}
Loop* Loop::current_or_null() { return current_loop; }

void Loop::run() {
  run_until([this] { return stopping_.load(std::memory_order_relaxed); });
}

void Loop::run_until(const std::function<bool()>& done) {
  Loop* const outer = std::exchange(current_loop, this);
  while (!done()) turn();
  current_loop = outer;
}

void Loop::turn() {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(epoll_, events.data(), int(events.size()), wait_ms());
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
  round_ = std::span(events).first(static_cast<std::size_t>(std::max(count, 0)));
  while (!round_.empty()) {
    const epoll_event event = round_.front();
    round_ = round_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->on_events(event.events);
  }
  run_posted();
  run_timers();
  end_turn();
}

int Loop::wait_ms() const {
  if (!here_.empty()) return 0;
  if (timers_.empty()) return -1;
  const auto wait = timers_.begin()->first - Steady::now();
  if (wait <= Steady::duration::zero()) return 0;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<long>(ms, 60'000));
}

void Loop::run_posted() {
  WorkList due;
  {
    const std::lock_guard lock(mutex_);
    due = std::exchange(posted_, {});
  }
  due.append(std::exchange(here_, {}));
  while (Work* const work = due.pop()) work->run(work);
}

void Loop::run_timers() {
  if (timers_.empty()) return;
  const auto now = Steady::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

void Loop::end_turn() {
  while (!at_end_.empty()) {
    const auto due = std::exchange(at_end_, {});
    for (const auto& what : due) what();
  }
}

void Loop::post(Work* work) {
  WorkList one;
  one.push(work);
  post(one);
}

void Loop::post(WorkList work) {
  if (work.empty()) return;
  if (current_loop == this) {
    here_.append(work);
    return;
  }
  std::shared_ptr<const Waker> wake;
  {
    const std::lock_guard lock(mutex_);
    // One wake-up for however much is posted until the loop looks: a commit group costs one system call.
    if (posted_.empty()) wake = wake_;
    posted_.append(work);
  }
  if (wake) wake->ring();
}

void Loop::post(std::function<void()> function) {
  auto* const work = new FunctionWork;
  work->function = std::move(function);
  work->run = [](Work* self) {
    const std::unique_ptr<FunctionWork> owned(static_cast<FunctionWork*>(self));
    owned->function();
  };
  work->drop = [](Work* self) { delete static_cast<FunctionWork*>(self); };
  post(work);
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

Loop::TimerId Loop::at(Steady::time_point when, std::function<void()> what) {
  return timers_.emplace(when, std::move(what));
}
void Loop::cancel(TimerId timer) { timers_.erase(timer); }

void Loop::watch(int fd, std::uint32_t events, Watcher* watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl add");
}

void Loop::unwatch(int fd, const Watcher* watcher) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (auto& event : round_)
    if (event.data.ptr == watcher) event.data.ptr = nullptr;
}

Loops::Loops(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>());
  for (auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
  threads_.emplace_back([this] {
    take_priority(Priority::background);
    background_.run();
  });
}

void Loops::stop() {
  for (auto& loop : loops_) loop->stop();
  background_.stop();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

Loops::~Loops() { stop(); }

}  // namespace svc
