// RetryBudget: lets retries add at most a share to the calls, so that a service in trouble is not given
// several times its load by those who depend on it.
//
// A bucket of tokens that go stale, as in Finagle's RetryBudget (and tower's and Linkerd's after it): each
// call puts in a tenth of a token, each retry takes out a whole one, and what is older than ten seconds
// counts no more. Envoy's retry_budget and gRPC's retryThrottling mean the same by other sums: Envoy sets the
// retries under way against the calls under way, and gRPC's bucket is filled by successes only. Like Envoy,
// and unlike Finagle, the floor for rare callers is no addition: what may be retried is the greater of the
// two, so that whoever calls often keeps the share exactly.
//
// In any window: retries <= max(percent of the window's calls, min_per_second x window_seconds).
//
// One for each link. Shares multiply over hops: see the README.
// Threads: any. Time is given by the caller, as everywhere on this floor.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/check.h"
#include "resilience/window.h"

namespace svc::resilience {

struct RetryBudgetOptions {
  std::int64_t percent = 10;
  std::int64_t min_per_second = 1;
  std::int64_t window_seconds = 10;
  static constexpr auto fields() {
    return rows(field(&RetryBudgetOptions::percent, "percent",
                      "Retries there may be for a hundred calls; 0 leaves only min_per_second (Finagle and Envoy: 20)",
                      Range{0, 100}, Default{10}),
                field(&RetryBudgetOptions::min_per_second, "min_per_second",
                      "Retries a second there may be, however few the calls; 0 for none (Finagle: 10)", Range{0, 1'000},
                      Default{1}),
                field(&RetryBudgetOptions::window_seconds, "window_seconds",
                      "How far back calls and retries are counted (Finagle: 10)", Range{1, 60}, Default{10}));
  }
};

class RetryBudget {
 public:
  explicit RetryBudget(RetryBudgetOptions options);

  /// Counts a call. Its retries are no calls.
  void count_call(Steady::time_point now);
  /// Whether there may be a retry now. If so it is counted, and should be made.
  [[nodiscard]] bool take(Steady::time_point now);

  /// Calls in the window, and as marked the retries that were granted. For metrics.
  Tally spent(Steady::time_point now) const;

 private:
  const RetryBudgetOptions options_;
  mutable std::mutex mutex_;
  mutable TimeWindow window_;  // guarded by mutex_
};

}  // namespace svc::resilience
