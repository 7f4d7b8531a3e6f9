// CircuitBreaker: stops calling what keeps failing, and finds out with a few calls whether it is well again.
//
//   closed ──(enough failures in the window)──▶ open ──(open_ms passed, a call comes)──▶ half_open
//     ▲                                           ▲                                          │
//     └───────────(probes did well)───────────────┴──────────(probes failed)─────────────────┘
//
//   auto permission = breaker.ask(Steady::now());
//   if (!permission) return refusal(permission);
//   auto answer = co_await sending;
//   permission->record(outcome_of(answer), Steady::now());
//
// States and windows are those of Resilience4j's CircuitBreaker. One difference: a call counts for the state
// it was permitted in. One that was sent before the breaker opened and fails after it closed again says
// nothing new.
//
// One for each instance and operation, held by whoever holds the instance; it must outlive its permissions.
// What counts as a failure is decided by who records; timeouts do by outcome_of() (outcome.h).
// Threads: any. Time is given by the caller.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "resilience/outcome.h"
#include "resilience/window.h"

namespace svc::resilience {

enum class BreakerState { closed, open, half_open };
constexpr auto names(std::type_identity<BreakerState>) {
  return std::array{EnumName{BreakerState::closed, "closed"}, EnumName{BreakerState::open, "open"},
                    EnumName{BreakerState::half_open, "half_open"}};
}

enum class BreakerWindow { count, time };
constexpr auto names(std::type_identity<BreakerWindow>) {
  return std::array{EnumName{BreakerWindow::count, "count"}, EnumName{BreakerWindow::time, "time"}};
}

/// Defaults are Resilience4j's, but for window_seconds and open_ms, which are Polly's SamplingDuration and
/// BreakDuration: a service that is back should not be missed for a minute.
///
/// The classic breaker, which opens after 5 failures in a row and is reset by one success after 60 s:
/// window = count, window_calls = 5, minimum_calls = 5, failure_rate_percent = 100, open_ms = 60000, probes
/// = 1.
struct BreakerOptions {
  BreakerWindow window = BreakerWindow::count;
  std::int64_t window_calls = 100;
  std::int64_t window_seconds = 30;
  std::int64_t minimum_calls = 100;
  std::int64_t failure_rate_percent = 50;
  std::int64_t open_ms = 5'000;
  std::int64_t probes = 10;
  static constexpr auto fields() {
    return rows(
        field(&BreakerOptions::window, "window",
              "What the failure rate is taken of: count, the last window_calls; or time, the last "
              "window_seconds",
              Default{"count"}),
        field(&BreakerOptions::window_calls, "window_calls", "Calls the failure rate is taken of", Range{1, 10'000},
              Default{100}),
        field(&BreakerOptions::window_seconds, "window_seconds", "Seconds the failure rate is taken of",
              Range{1, 3'600}, Default{30}),
        field(&BreakerOptions::minimum_calls, "minimum_calls", "Calls in the window below which it does not open",
              Range{1, 1'000'000}, Default{100}),
        field(&BreakerOptions::failure_rate_percent, "failure_rate_percent",
              "Failures among a hundred calls at which it opens", Range{1, 100}, Default{50}),
        field(&BreakerOptions::open_ms, "open_ms", "Time for which it lets no call pass once it has opened",
              Range{1, 3'600'000}, Default{5'000}),
        field(&BreakerOptions::probes, "probes", "Calls it then lets pass, and no more, to find out whether to close",
              Range{1, 1'000}, Default{10}));
  }
  void check_whole(Violations& found) const {
    if (window == BreakerWindow::count && minimum_calls > window_calls)
      report(found, {"/minimum_calls", "maximum", "at most window_calls, or it never opens"});
  }
  /// As above: CLOSED, OPEN and HALF-OPEN with failureThreshold and resetTimeout.
  static BreakerOptions classic(std::int64_t failure_threshold = 5, std::int64_t reset_timeout_ms = 60'000) {
    return {BreakerWindow::count, failure_threshold, 30, failure_threshold, 100, reset_timeout_ms, 1};
  }
};

/// For metrics and `svc status`.
struct BreakerStatus {
  BreakerState state = BreakerState::closed;  ///< what a call would meet now
  Tally window;                               ///< while closed: calls counted, and as marked the failures
  std::int64_t opened = 0;                    ///< times it opened since it was made
  std::int64_t refused = 0;                   ///< calls it refused since it was made
};

class CircuitBreaker {
 public:
  class Permission;
  explicit CircuitBreaker(BreakerOptions options);

  /// The right to make one call. Refuses with Code::unavailable, reason "circuit_open"; nothing was sent
  /// then.
  Result<Permission> ask(Steady::time_point now);
  BreakerStatus status(Steady::time_point now) const;

 private:
  BreakerState state_at(Steady::time_point now) const;
  std::optional<BreakerState> record(std::uint64_t era, Outcome outcome, Steady::time_point now);
  std::optional<BreakerState> record_call(Outcome outcome, Steady::time_point now);
  std::optional<BreakerState> record_probe(Outcome outcome, Steady::time_point now);
  void give_back(std::uint64_t era);
  void turn(BreakerState state);
  void open(Steady::time_point now);

  const BreakerOptions options_;
  mutable std::mutex mutex_;  // guards all below
  BreakerState state_ = BreakerState::closed;
  std::uint64_t era_ = 0;  // raised by every turn
  CountWindow calls_;
  mutable TimeWindow recent_;
  Steady::time_point open_until_{};
  std::int64_t probes_given_ = 0;  // under way or recorded
  Tally probes_;                   // recorded
  std::int64_t opened_ = 0;
  std::int64_t refused_ = 0;
};

/// One call's right to be made. Dropped without a record it is as if the call had never been: a probe's place
/// goes to another call. It should not be kept for longer than the call's deadline, for until then a probe
/// holds its place.
class [[nodiscard]] CircuitBreaker::Permission {
 public:
  Permission(Permission&& other) noexcept : breaker_(std::exchange(other.breaker_, nullptr)), era_(other.era_) {}
  Permission& operator=(Permission&& other) noexcept {
    std::swap(breaker_, other.breaker_);
    std::swap(era_, other.era_);
    return *this;
  }
  ~Permission() {
    if (breaker_ != nullptr) breaker_->give_back(era_);
  }

  /// What became of the call; the first word counts. Answers the state it changed the breaker to, for the
  /// log.
  std::optional<BreakerState> record(Outcome outcome, Steady::time_point now) {
    auto* const breaker = std::exchange(breaker_, nullptr);
    return breaker != nullptr ? breaker->record(era_, outcome, now) : std::nullopt;
  }

 private:
  friend class CircuitBreaker;
  Permission(CircuitBreaker& breaker, std::uint64_t era) : breaker_(&breaker), era_(era) {}
  CircuitBreaker* breaker_;
  std::uint64_t era_;
};

}  // namespace svc::resilience
