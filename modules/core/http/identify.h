// Who is asking, and under which conditions: turns the header of a request into a Call.
//
// Believed are: the access token in Authorization; and a valid cluster token in X-Svc-Cluster, which says that
// a service of ours is at the other end. Only beside a valid cluster token are X-Svc-Budget-Ms (time left) and
// X-Forwarded-For (the client's address) looked at. No other header is trusted for anything; traceparent only names.
#pragma once

#include <string_view>

#include "contract/call.h"
#include "contract/span.h"
#include "http/message.h"
#include "identity/cluster_key.h"
#include "identity/token_verifier.h"

namespace svc::http {

inline constexpr std::string_view cluster_header = "X-Svc-Cluster";
inline constexpr std::string_view budget_header = "X-Svc-Budget-Ms";
inline constexpr std::string_view trace_header = "traceparent";  // W3C Trace Context section 3.2

/// The name under which the gateway shows itself. It passes on what strangers wish, so its token opens nothing
/// that is for services only.
inline constexpr std::string_view gateway_name = "gateway";

/// The trace that a request says it is part of. Nothing, where it says so twice: nobody can tell which is meant.
std::optional<Trace> trace_of(const Headers& headers);

/// A request on its way through a gateway: where it comes from, and the span of passing it on, of which `call` is part.
struct Transit {
  Call call;
  Span span;
};

class Identify {
 public:
  struct Options {
    seconds deadline{10};      ///< for answering a request, unless it says otherwise
    seconds longest_wait{30};  ///< what `Prefer: wait` may ask for
  };
  /// What it refers to must outlive it.
  Identify(TokenVerifier& tokens, const ClusterKey& cluster, Options options)
      : tokens_(tokens), cluster_(cluster), options_(options) {}

  /// `needs_caller`: whether a token that is shown must be a good one. Where anyone may ask, a stale token in
  /// the client's hands does not matter.
  /// `patience`: time for its answer beyond what others have.
  /// Of a request in transit, what was found out about it there stands.
  Task<Result<Call>> operator()(const Request& request, bool needs_caller, seconds patience = {}) const;
  /// For a request that has come to the gateway. The caller names the span's operation, and ends it.
  Transit begin_transit(const Request& request) const;

 private:
  Call as_it_came(const Request& request, bool is_ours) const;
  milliseconds time_for(std::optional<seconds> wait) const;
  Task<Result<Call>> with_caller(Call call, std::string token) const;

  TokenVerifier& tokens_;
  const ClusterKey& cluster_;
  const Options options_;
};

/// What is left until a deadline, as X-Svc-Budget-Ms tells it.
std::string budget_until(Steady::time_point deadline);

/// The key in an Idempotency-Key field: a string of 1 to 255 printable characters, quoted or bare
/// (draft-ietf-httpapi-idempotency-key-header-07). Empty when the request has none.
Result<std::string> idempotency_key(const Headers& headers);

/// `wait` and `respond-async` of Prefer (RFC 7240); what is not understood is ignored, as it says.
std::optional<seconds> preferred_wait(const Headers& headers, seconds longest);

}  // namespace svc::http
