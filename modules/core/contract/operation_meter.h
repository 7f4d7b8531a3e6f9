// OperationMeter: what has come of the calls of one operation in this process, counted at the door: how many, how they
// ended, and how long they took (the RED method: rate, errors, duration). One for each operation that the program
// knows, made before main() and never destroyed before its end.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "async/loop.h"
#include "base/error.h"

namespace svc {

class Measures;

class OperationMeter {
 public:
  /// Both are literals. Not after main() has begun.
  OperationMeter(std::string_view service, std::string_view operation);
  OperationMeter(const OperationMeter&) = delete;
  OperationMeter& operator=(const OperationMeter&) = delete;

  /// One call has ended: with a value, or with this code. Thread-safe; waits for nobody.
  void note(std::optional<Code> failure, Steady::duration took);

  std::string_view service() const { return service_; }
  std::string_view operation() const { return operation_; }

  /// Adds those of all operations that have been called:
  /// svc_operations_total by outcome, "ok" or the code's name, and svc_operation_seconds, a histogram.
  static void measure_all(Measures& measures);

  /// Upper bounds of the histogram's buckets, in microseconds: from a call that stays in the process to the longest
  /// wait that a client may wish for.
  static constexpr std::array<std::int64_t, 12> bounds_us{100,    500,     1'000,   2'500,     5'000,     10'000,
                                                          25'000, 100'000, 500'000, 2'000'000, 5'000'000, 30'000'000};

 private:
  static constexpr std::size_t outcomes = code_table.size() + 1;  // the last: a value
  using Count = std::atomic<std::int64_t>;
  // What one thread, or every fourth, counts, so that threads seldom meet in one line of the cache.
  struct alignas(64) Stripe {
    std::array<Count, outcomes> ended{};
    std::array<Count, bounds_us.size() + 1> took{};  // the last: longer
    Count nanoseconds{0};
  };
  static constexpr std::size_t stripe_count = 4;

  void measure(Measures& measures) const;
  std::int64_t sum(auto&& counter) const;

  const std::string_view service_, operation_;
  std::array<Stripe, stripe_count> stripes_{};
  OperationMeter* const next_;
};

/// That of an operation of the service S.
template <class S, class Op>
inline OperationMeter operation_meter{S::name, Op::endpoint.name};

}  // namespace svc
