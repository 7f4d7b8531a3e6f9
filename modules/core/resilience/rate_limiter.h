// RateLimiter: so many requests in so much time for each client. A token bucket per key: it holds `requests`
// tokens, a request takes one, and an empty bucket is full again after `window_seconds`. A client may thus
// send `requests` at once, and in no stretch of a window more than twice as many.
//
// A bucket is kept as the moment at which it will be full (the generic cell rate algorithm, ITU-T I.371 annex
// A: the same as a token bucket, exact in integers). So a bucket that is full is the same as none, and is
// dropped. Keys are bounded: beyond the bound the one unused for longest is forgotten, and starts anew if it
// comes back.
//
// Threads: any. Time is given by the caller.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/check.h"

namespace svc::resilience {

struct RateLimiterOptions {
  std::int64_t requests = 0;
  std::int64_t window_seconds = 60;
  std::int64_t keys = 100'000;
  static constexpr auto fields() {
    return rows(
        field(&RateLimiterOptions::requests, "requests",
              "Requests one client may send in window_seconds, all of them at once if it likes; 0 for no limit",
              Range{0, 1'000'000}, Default{0}),
        field(&RateLimiterOptions::window_seconds, "window_seconds",
              "Time in which a client that used up its requests has all of them back", Range{1, 86'400}, Default{60}),
        field(&RateLimiterOptions::keys, "keys", "Clients that are remembered at once, some 200 bytes each",
              Range{1, 10'000'000}, Default{100'000}));
  }
};

/// What the headers say of a request. Of draft-ietf-httpapi-ratelimit-headers, by version:
///
///   -10 (2025)          RateLimit-Policy: "default";q=LIMIT;w=WINDOW
///                       RateLimit: "default";r=REMAINING;t=MORE_IN
///
///   -06 (2022), still   RateLimit-Limit: LIMIT
///   widely sent         RateLimit-Remaining: REMAINING
///                       RateLimit-Reset: RESET
///
/// and of a refused request `Retry-After: MORE_IN` (RFC 9110 section 10.2.3). Seconds are rounded up, so that
/// who waits for them has waited long enough.
struct RateDecision {
  bool allowed = true;
  std::int64_t limit = 0;          ///< 0: there is no limit, and there should be no such headers
  std::chrono::seconds window{0};  ///< window_seconds
  std::int64_t remaining = 0;      ///< requests that would be allowed at once after this one
  std::chrono::seconds reset{0};   ///< until `remaining` is `limit`, if nothing is sent
  /// Until `remaining` is one more; 0 when it is `limit`. At least 1 if refused.
  std::chrono::seconds more_in{0};
};

class RateLimiter {
 public:
  explicit RateLimiter(RateLimiterOptions options);

  /// Decides on one request of `key`. One that is refused costs nothing.
  RateDecision ask(std::string_view key, Steady::time_point now);
  /// Keys remembered now.
  std::size_t size() const;

 private:
  struct Bucket {
    std::string key;
    Steady::time_point full_at;
  };
  Bucket& bucket_of(std::string_view key, Steady::time_point now);
  void forget_last();

  const RateLimiterOptions options_;
  const Steady::duration per_token_;
  const Steady::duration capacity_;  // as time to fill it
  mutable std::mutex mutex_;         // guards all below
  std::list<Bucket> buckets_;        // last used first
  // A tree, not a hash table: keys are chosen by strangers, who could choose them to collide.
  std::map<std::string_view, std::list<Bucket>::iterator> by_key_;  // keys are the buckets' own
};

}  // namespace svc::resilience
