// Wall time, passed in wherever a rule depends on it, so that tests can set it.
// What merely waits (deadlines, timers) uses std::chrono::steady_clock and is not part of this.
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace svc {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A moment, UTC, to the millisecond. On the wire RFC 3339: "2026-01-31T09:30:00.000Z"; in databases the
/// integer `ms`.
struct Time {
  std::int64_t ms = 0;  ///< since 1970-01-01T00:00:00Z, leap seconds not counted
  auto operator<=>(const Time&) const = default;
  friend Time operator+(Time t, milliseconds d) { return {t.ms + d.count()}; }
  friend Time operator-(Time t, milliseconds d) { return {t.ms - d.count()}; }
  friend milliseconds operator-(Time a, Time b) { return milliseconds{a.ms - b.ms}; }
};

/// RFC 3339 section 5.6, always with milliseconds and "Z". Total for years 0000 to 9999.
std::string to_rfc3339(Time);
/// Reads what to_rfc3339 writes, and the other RFC 3339 forms of UTC (no fraction, longer fraction).
std::optional<Time> from_rfc3339(std::string_view);

/// Where the time comes from. Implementations are safe to use from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  Time now() const override;
};

/// Stands where it is put. For tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : ms_(start.ms) {}
  Time now() const override { return {ms_.load()}; }
  void advance(milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_;
};

}  // namespace svc
