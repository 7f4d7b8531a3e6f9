#include "resilience/rate_limiter.h"

#include <algorithm>

namespace svc::resilience {

RateLimiter::RateLimiter(RateLimiterOptions options)
    : options_(options),
      per_token_(Steady::duration{std::chrono::seconds{options.window_seconds}} /
                 std::max<std::int64_t>(options.requests, 1)),
      capacity_(per_token_ * options.requests) {}

void RateLimiter::forget_last() {
  by_key_.erase(buckets_.back().key);
  buckets_.pop_back();
}

RateLimiter::Bucket& RateLimiter::bucket_of(std::string_view key, Steady::time_point now) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  // Two for each that is added, so that buckets that filled up in the meantime go sooner than they come.
  for (int i = 0; i < 2 && !buckets_.empty() && buckets_.back().full_at <= now; ++i) forget_last();
  if (static_cast<std::int64_t>(buckets_.size()) >= options_.keys) forget_last();
  buckets_.push_front({std::string(key), now});
  by_key_.emplace(buckets_.front().key, buckets_.begin());
  return buckets_.front();
}

RateDecision RateLimiter::ask(std::string_view key, Steady::time_point now) {
  if (options_.requests == 0) return {};
  const std::lock_guard lock(mutex_);
  auto& bucket = bucket_of(key, now);
  const auto full_at = std::max(bucket.full_at, now);
  RateDecision decision;
  decision.limit = options_.requests;
  decision.window = std::chrono::seconds{options_.window_seconds};
  decision.allowed = full_at + per_token_ - now <= capacity_;
  bucket.full_at = decision.allowed ? full_at + per_token_ : full_at;
  const auto missing = bucket.full_at - now;
  const auto filled = capacity_ - missing;
  decision.remaining = filled / per_token_;
  decision.reset = std::chrono::ceil<std::chrono::seconds>(missing);
  if (decision.remaining < decision.limit)
    decision.more_in = std::chrono::ceil<std::chrono::seconds>((decision.remaining + 1) * per_token_ - filled);
  return decision;
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace svc::resilience
