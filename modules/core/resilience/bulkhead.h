// Bulkhead: at most so many calls of one link at once, and at most so many waiting for their turn. What hangs
// behind one link then holds that many callers and no more, and the rest are refused while there is still
// time to do something else.
//
//   auto entering = bulkhead.enter(call.deadline);
//   auto permit = co_await entering;
//   if (!permit) co_return refusal(permit);
//
// Who waits is let in first come, first served, on the loop it waits on. A permit may be dropped on any
// thread. It must outlive its permits and those who wait; a loop with waiters must not end before they have
// been served.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <utility>

#include "async/loop.h"
#include "async/task.h"
#include "base/check.h"

namespace svc::resilience {

struct BulkheadOptions {
  std::int64_t concurrent = 1'024;
  std::int64_t waiting = 1'024;
  static constexpr auto fields() {
    return rows(field(&BulkheadOptions::concurrent, "concurrent",
                      "Calls there may be at once (Envoy's circuit_breakers.max_requests: 1024)", Range{1, 1'000'000},
                      Default{1'024}),
                field(&BulkheadOptions::waiting, "waiting",
                      "Calls that may wait for their turn; 0 refuses at once (Envoy's max_pending_requests: 1024)",
                      Range{0, 1'000'000}, Default{1'024}));
  }
};

/// For metrics and `svc status`.
struct BulkheadStatus {
  std::int64_t inside = 0;
  std::int64_t waiting = 0;
  std::int64_t refused = 0;  ///< since it was made
};

class Bulkhead {
 public:
  class Permit;
  explicit Bulkhead(BulkheadOptions options) : options_(options) {}

  /// Waits for a place until `deadline`. Refuses with Code::unavailable, reason "bulkhead_full", when too
  /// many wait already, and when none came free in time: nothing has been sent. Where a place is free it costs no
  /// coroutine, and needs no loop.
  Task<Result<Permit>> enter(Steady::time_point deadline);
  BulkheadStatus status() const;

 private:
  class Waiter;
  enum class Answer { none, entered, full, late };
  /// Takes a place, or says why not: `none` when one may wait for it. With mutex_ held.
  Answer try_enter();
  Task<Result<Permit>> wait(Steady::time_point deadline);
  Result<Permit> result_of(Answer answer);
  void leave();

  const BulkheadOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::int64_t inside_ = 0;
  std::int64_t refused_ = 0;
  std::list<Waiter*> queue_;  // not empty only while all places are taken
};

/// A place inside, given up when it is dropped.
class [[nodiscard]] Bulkhead::Permit {
 public:
  Permit(Permit&& other) noexcept : bulkhead_(std::exchange(other.bulkhead_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(bulkhead_, other.bulkhead_);
    return *this;
  }
  ~Permit() {
    if (bulkhead_ != nullptr) bulkhead_->leave();
  }

 private:
  friend class Bulkhead;
  explicit Permit(Bulkhead& bulkhead) : bulkhead_(&bulkhead) {}
  Bulkhead* bulkhead_;
};

}  // namespace svc::resilience
