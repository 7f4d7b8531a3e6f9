// ForeignRoute: what the operator says of a part of the path space that a foreign service answers: any HTTP program,
// in any language, that registers itself (modules/registry).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/fields.h"
#include "resilience/balancer.h"

namespace svc::gateway {

/// What may be sent a second time.
enum class Resend {
  never,
  idempotent,  ///< what its method says may be: GET, HEAD, PUT and DELETE (RFC 9110 section 9.2.2), without a body
};
constexpr auto names(std::type_identity<Resend>) {
  return std::array{EnumName{Resend::never, "never"}, EnumName{Resend::idempotent, "idempotent"}};
}

/// Whose requests pass, and whether the service gets the token.
enum class Auth {
  required,  ///< only those with a valid token, which is passed on
  optional,  ///< the same and those without any; a token that is not valid is refused
  none,      ///< all; no token is looked at, and none passed on
};
constexpr auto names(std::type_identity<Auth>) {
  return std::array{EnumName{Auth::required, "required"}, EnumName{Auth::optional, "optional"},
                    EnumName{Auth::none, "none"}};
}

/// A path as people write it in a table: "/shop", "/shop/v2".
bool is_prefix_text(std::string_view text);
inline constexpr Pattern is_prefix{"^(/[A-Za-z0-9._~-]+)+$", is_prefix_text,
                                   "segments such as /shop or /shop/v2, of letters, digits, '.', '_', '~' or '-'"};

struct ForeignRoute {
  std::string prefix;
  std::vector<std::string> methods;
  std::string service;
  bool strip = false;
  std::int64_t timeout_ms = 10'000, idle_timeout_ms = 60'000;
  Resend retry = Resend::idempotent;
  resilience::Policy balance = resilience::Policy::least_outstanding;
  Auth auth = Auth::required;
  std::string scope;
  static constexpr auto fields() {
    return rows(
        field(&ForeignRoute::prefix, "prefix", "Where its paths begin, by whole segments; the longest one wins",
              is_prefix),
        field(&ForeignRoute::methods, "methods", "The methods that pass, GET with HEAD; empty: all", Items{0, 20}),
        field(&ForeignRoute::service, "service", "The name under which the service registers", is_slug),
        field(&ForeignRoute::strip, "strip", "Take the prefix off, and tell it as X-Forwarded-Prefix"),
        field(&ForeignRoute::timeout_ms, "timeout_ms",
              "Time to the answer's head, from the end of the request; bodies may take longer", Range{10, 3'600'000}),
        field(&ForeignRoute::idle_timeout_ms, "idle_timeout_ms",
              "Time in which nothing of a body moves, then it is cut; not for text/event-stream", Range{10, 3'600'000}),
        field(&ForeignRoute::retry, "retry",
              "never, or idempotent: GET, HEAD, PUT and DELETE without a body may be sent again"),
        field(&ForeignRoute::balance, "balance",
              "How one of several instances is chosen; the same for a service's routes"),
        field(&ForeignRoute::auth, "auth",
              "required: only with a valid token, which is passed on; optional: or with none; none: tokens "
              "are taken "
              "off"),
        field(&ForeignRoute::scope, "scope", "The scope that the token must have: admin or customer; empty: any",
              Length{0, 64}));
  }
  void check_whole(Violations& found) const;
  /// What the configuration's template shows.
  static ForeignRoute example();
};

/// Appends what is wrong with the routes together, as pointers below "/routes".
void check_routes(const std::vector<ForeignRoute>& routes, Violations& found);

/// Whether a request could be meant for both: a path of a contract, such as "/items/{sku}", and a route's prefix.
bool shadows(std::string_view prefix, std::string_view path);

}  // namespace svc::gateway
