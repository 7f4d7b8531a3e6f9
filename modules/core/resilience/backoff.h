// Backoff: how long to wait before trying again. Exponential with full jitter, as in M. Brooker, "Exponential
// Backoff and Jitter" (AWS Architecture Blog, 2015): of the ways compared there the one that ends soonest
// with the fewest calls, because callers that failed together do not come back together.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "base/clock.h"

namespace svc::resilience {

struct BackoffOptions {
  std::int64_t first_ms = 25;
  std::int64_t limit_ms = 250;
  static constexpr auto fields() {
    return rows(
        field(&BackoffOptions::first_ms, "first_ms",
              "Longest pause before the first retry; doubled for each further one, and cut short by chance "
              "(Envoy's retry_back_off: 25)",
              Range{1, 60'000}, Default{25}),
        field(&BackoffOptions::limit_ms, "limit_ms", "Longest pause before any retry (Envoy: ten times the first)",
              Range{1, 3'600'000}, Default{250}));
  }
  void check_whole(Violations& found) const {
    if (limit_ms < first_ms) report(found, {"/limit_ms", "minimum", "at least first_ms"});
  }
};

/// The pause before the `retry`-th retry, counted from 1: uniform between nothing and the longest pause, both
/// included. `random` is uniform in [0, 1), such as random_unit().
milliseconds pause_before(const BackoffOptions& options, std::int64_t retry, double random);

}  // namespace svc::resilience
