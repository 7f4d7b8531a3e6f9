#include "resilience/window.h"

#include <algorithm>
#include <utility>

namespace svc::resilience {

void CountWindow::add(bool marked) {
  const auto length = static_cast<std::int64_t>(marks_.size());
  if (sum_.calls == length) sum_ -= {1, marks_[next_] ? 1 : 0};
  marks_[next_] = marked;
  sum_ += {1, marked ? 1 : 0};
  next_ = (next_ + 1) % marks_.size();
}

void CountWindow::clear() {
  next_ = 0;
  sum_ = {};
}

TimeWindow::TimeWindow(Steady::duration length, std::size_t slots)
    : width_(length / static_cast<std::int64_t>(slots)), slots_(slots) {}

void TimeWindow::move_to(Steady::time_point now) {
  const std::int64_t index = now.time_since_epoch() / width_;
  if (index <= latest_) return;
  const auto count = static_cast<std::int64_t>(slots_.size());
  const auto passed = std::min(index - latest_, count);  // after a long silence, each slot once
  for (std::int64_t i = index - passed + 1; i <= index; ++i) sum_ -= std::exchange(slot(i), {});
  latest_ = index;
}

void TimeWindow::add(Steady::time_point now, Tally more) {
  move_to(now);
  slot(latest_) += more;
  sum_ += more;
}

Tally TimeWindow::sum(Steady::time_point now) {
  move_to(now);
  return sum_;
}

void TimeWindow::clear() {
  std::ranges::fill(slots_, Tally{});
  sum_ = {};
}

}  // namespace svc::resilience
