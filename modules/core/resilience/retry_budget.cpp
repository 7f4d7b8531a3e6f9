#include "resilience/retry_budget.h"

#include <algorithm>

namespace svc::resilience {

RetryBudget::RetryBudget(RetryBudgetOptions options)
    : options_(options), window_(std::chrono::seconds{options.window_seconds}, 10) {}

void RetryBudget::count_call(Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  window_.add(now, {1, 0});
}

bool RetryBudget::take(Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto [calls, retries] = window_.sum(now);
  const auto allowed = std::max(calls * options_.percent / 100, options_.min_per_second * options_.window_seconds);
  if (retries >= allowed) return false;
  window_.add(now, {0, 1});
  return true;
}

Tally RetryBudget::spent(Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  return window_.sum(now);
}

}  // namespace svc::resilience
