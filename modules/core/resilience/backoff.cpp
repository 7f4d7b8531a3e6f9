#include "resilience/backoff.h"

#include <algorithm>

namespace svc::resilience {

milliseconds pause_before(const BackoffOptions& options, std::int64_t retry, double random) {
  // 30 doublings of a millisecond are twelve days; more would only overflow.
  const auto doublings = std::clamp<std::int64_t>(retry - 1, 0, 30);
  const auto longest = std::min(options.first_ms << doublings, options.limit_ms);
  return milliseconds{static_cast<std::int64_t>(random * static_cast<double>(longest + 1))};
}

}  // namespace svc::resilience
