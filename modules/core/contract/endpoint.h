// Endpoint: what the outside sees of one operation. Declared once, beside the operation's fields; routes,
// clients, checks, documents and labels are derived from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace svc {

enum class Verb { get, post, put, patch, del };  // lower case: <resolv.h>, under httplib.h, defines DELETE
constexpr bool has_body(Verb verb) { return verb == Verb::post || verb == Verb::put || verb == Verb::patch; }
constexpr std::string_view method_name(Verb verb) {
  constexpr std::string_view names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  return names[static_cast<int>(verb)];
}

/// Who may ask. Finer rights (whose order it is) belong to the implementation.
enum class Access {
  anyone,
  signed_in,  ///< a customer or an admin
  admin,      ///< scope admin
  registrar,  ///< a service of this system, or a token with a scope register:NAME
  service,    ///< a service of this system; never reachable from outside
};

/// What a caller may do when it does not know whether the operation happened.
enum class Retry {
  read,  ///< repeat at will: nothing changes
  /// Repeat: done twice is done once, and done late, behind what came after it, it changes nothing. A copy that hung
  /// may do it when it wakes, so what sets a value is none of these.
  idempotent,
  keyed,  ///< repeat under the same Idempotency-Key
  never,
};

/// A set of codes.
class Codes {
 public:
  constexpr Codes() = default;
  constexpr Codes(std::initializer_list<Code> codes) {
    for (const Code code : codes) bits_ |= bit(code);
  }
  constexpr bool contains(Code code) const { return (bits_ & bit(code)) != 0; }

 private:
  static constexpr std::uint32_t bit(Code code) { return std::uint32_t{1} << static_cast<int>(code); }
  std::uint32_t bits_ = 0;
};

struct Endpoint {
  Verb verb;
  std::string_view path;     ///< "/users/{id}": braces hold a field of the operation
  int success = 200;         ///< status of its answer
  std::string_view name;     ///< snake_case: operationId, metric label, log member
  std::string_view summary;  ///< a sentence without its full stop
  Access access;
  Retry retry;
  std::string_view location{};  ///< with 201: where the thing made is found, braces hold a field of the answer
  int patience_seconds = 0;     ///< time it may take beyond what others may, since it waits for things to happen
  bool waits = false;           ///< may answer before its work has ended; honours `Prefer: wait` (RFC 7240)
  Codes fails{};                ///< refusals of its own, beyond those that every operation has
};

/// Whether a call may be sent again after it has been sent. `has_key`: it has an Idempotency-Key.
constexpr bool may_repeat(const Endpoint& endpoint, bool has_key) {
  return endpoint.retry == Retry::keyed ? has_key : endpoint.retry != Retry::never;
}

/// Time that an operation's answer may take though all is well: it waits for things to happen, unless the caller
/// prefers otherwise (`wait`, RFC 7240).
constexpr std::chrono::seconds patience_for(const Endpoint& endpoint, std::optional<std::chrono::seconds> wait) {
  constexpr std::chrono::seconds usual{5};
  return std::chrono::seconds{endpoint.patience_seconds} +
         (endpoint.waits ? wait.value_or(usual) : std::chrono::seconds{0});
}

/// On which listener an operation is offered.
enum class Surface {
  open,        ///< through the gateway, and on the module's port
  internal,    ///< on the module's port, for services
  operations,  ///< on the operations port, for operators
};
constexpr Surface surface(const Endpoint& endpoint) {
  if (endpoint.path.starts_with("/internal/")) return Surface::internal;
  if (endpoint.path.starts_with("/admin/")) return Surface::operations;
  return Surface::open;
}

}  // namespace svc
