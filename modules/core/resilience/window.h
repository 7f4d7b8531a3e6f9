// Sliding windows: how many calls there were lately, and how many of them were marked. What a mark means is
// the user's affair: a failure, a retry. The two ways to say "lately" are those of Resilience4j's
// CircuitBreaker (COUNT_BASED, TIME_BASED), and are as cheap: constant time and memory, however many calls
// there are.
//
// Threads: none of its own; the user's lock guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "async/loop.h"

namespace svc::resilience {

struct Tally {
  std::int64_t calls = 0;
  std::int64_t marked = 0;
  Tally& operator+=(Tally other) {
    calls += other.calls;
    marked += other.marked;
    return *this;
  }
  Tally& operator-=(Tally other) {
    calls -= other.calls;
    marked -= other.marked;
    return *this;
  }
  bool operator==(const Tally&) const = default;
  /// Whether at least `percent` of the calls are marked. Of no calls, none are.
  bool reaches(std::int64_t percent) const { return calls > 0 && marked * 100 >= percent * calls; }
};

/// The last `length` calls.
class CountWindow {
 public:
  explicit CountWindow(std::size_t length) : marks_(length) {}
  void add(bool marked);
  Tally sum() const { return sum_; }
  void clear();

 private:
  std::vector<bool> marks_;
  std::size_t next_ = 0;
  Tally sum_;
};

/// The calls of the last `length`, in slots that are forgotten whole: so it spans `length` less at most one
/// slot.
class TimeWindow {
 public:
  TimeWindow(Steady::duration length, std::size_t slots);
  /// `now` may be a little older than the last one given, as happens when threads meet at a lock: it then
  /// counts as that one.
  void add(Steady::time_point now, Tally more);
  Tally sum(Steady::time_point now);
  void clear();

 private:
  void move_to(Steady::time_point now);
  Tally& slot(std::int64_t index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  Steady::duration width_;
  std::vector<Tally> slots_;
  std::int64_t latest_ = 0;  // slots since the clock's beginning
  Tally sum_;
};

}  // namespace svc::resilience
