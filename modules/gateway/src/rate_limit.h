// RateLimit: so many requests of each client (resilience/rate_limiter.h), and what it hears of that.
#pragma once

#include "http/identify.h"
#include "http/message.h"
#include "resilience/rate_limiter.h"

namespace svc::gateway {

/// Thread-safe.
class RateLimit {
 public:
  /// `identify` outlives it.
  RateLimit(const resilience::RateLimiterOptions& options, const http::Identify& identify)
      : on_(options.requests > 0), limiter_(options), identify_(identify) {}

  bool on() const { return on_; }
  /// Counts a request. A client is the user of a valid token, wherever it asks from; else an address.
  Task<resilience::RateDecision> ask(const http::Request& request);
  /// The answer to one that is not allowed.
  static http::Response refusal(const resilience::RateDecision& decision);
  /// Adds to an answer what the client may know. A foreign service's word on limits of its own gives way, for a
  /// client could not tell which is which.
  static void tell(const resilience::RateDecision& decision, http::Response& response);

 private:
  const bool on_;
  resilience::RateLimiter limiter_;
  const http::Identify& identify_;
};

}  // namespace svc::gateway
