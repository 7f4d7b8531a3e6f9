#include "resilience/circuit_breaker.h"

#include <algorithm>

namespace svc::resilience {

CircuitBreaker::CircuitBreaker(BreakerOptions options)
    : options_(options),
      calls_(options.window == BreakerWindow::count ? static_cast<std::size_t>(options.window_calls) : 1),
      // A slot a second, as Resilience4j has it.
      recent_(std::chrono::seconds{options.window_seconds},
              options.window == BreakerWindow::time ? static_cast<std::size_t>(options.window_seconds) : 1) {}

void CircuitBreaker::turn(BreakerState state) {
  state_ = state;
  ++era_;
  calls_.clear();
  recent_.clear();
  probes_given_ = 0;
  probes_ = {};
}

void CircuitBreaker::open(Steady::time_point now) {
  turn(BreakerState::open);
  open_until_ = now + std::chrono::milliseconds{options_.open_ms};
  ++opened_;
}

BreakerState CircuitBreaker::state_at(Steady::time_point now) const {
  return state_ == BreakerState::open && now >= open_until_ ? BreakerState::half_open : state_;
}

Result<CircuitBreaker::Permission> CircuitBreaker::ask(Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  if (state_ != state_at(now)) turn(state_at(now));
  const bool may =
      state_ == BreakerState::closed || (state_ == BreakerState::half_open && probes_given_ < options_.probes);
  if (may) {
    if (state_ == BreakerState::half_open) ++probes_given_;
    return Permission(*this, era_);
  }
  ++refused_;
  Error error{Code::unavailable, "circuit_open", "It failed too often lately, and is left alone for a while"};
  const auto left = std::chrono::ceil<std::chrono::seconds>(open_until_ - now).count();
  error.retry_after = static_cast<int>(std::max<std::int64_t>(left, 1));
  return fail(std::move(error));
}

std::optional<BreakerState> CircuitBreaker::record(std::uint64_t era, Outcome outcome, Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  if (era != era_) return std::nullopt;
  return state_ == BreakerState::half_open ? record_probe(outcome, now) : record_call(outcome, now);
}

std::optional<BreakerState> CircuitBreaker::record_call(Outcome outcome, Steady::time_point now) {
  const bool failed = outcome == Outcome::failure;
  Tally window;
  if (options_.window == BreakerWindow::count) {
    calls_.add(failed);
    window = calls_.sum();
  } else {
    recent_.add(now, {1, failed ? 1 : 0});
    window = recent_.sum(now);
  }
  if (window.calls < options_.minimum_calls || !window.reaches(options_.failure_rate_percent)) return std::nullopt;
  open(now);
  return state_;
}

std::optional<BreakerState> CircuitBreaker::record_probe(Outcome outcome, Steady::time_point now) {
  probes_ += {1, outcome == Outcome::failure ? 1 : 0};
  if (probes_.calls < options_.probes) return std::nullopt;
  if (probes_.reaches(options_.failure_rate_percent)) open(now);
  else turn(BreakerState::closed);
  return state_;
}

void CircuitBreaker::give_back(std::uint64_t era) {
  const std::lock_guard lock(mutex_);
  if (era == era_ && state_ == BreakerState::half_open) --probes_given_;
}

BreakerStatus CircuitBreaker::status(Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto window = options_.window == BreakerWindow::count ? calls_.sum() : recent_.sum(now);
  return {state_at(now), window, opened_, refused_};
}

}  // namespace svc::resilience
