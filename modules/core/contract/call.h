// Call: what travels with every operation, whether it stays in this process or crosses the network.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/clock.h"
#include "contract/trace.h"

namespace svc {

/// Somebody whose access token was verified.
struct Caller {
  std::string subject;                   ///< a user's id, or the name an operator's token was made for
  bool admin = false;                    ///< scope admin
  bool customer = false;                 ///< scope customer
  bool session = false;                  ///< signed in as a user; otherwise an operator's token
  std::vector<std::string> registers{};  ///< services it may register instances of: scopes register:NAME
  std::string token;                     ///< as it came, to be shown to the next service
  Time expires;

  bool may_register(std::string_view service) const { return std::ranges::find(registers, service) != registers.end(); }
};

/// Characters that the id of a request may have.
inline constexpr std::size_t longest_request_id = 64;

/// Where a call came from. Made once per request, shared by all calls that follow from it.
struct Origin {
  std::string request_id;
  std::string client_address;   ///< the address that sign-ins are counted by
  std::string idempotency_key;  ///< empty: none was given
  std::optional<seconds> wait;  ///< RFC 7240 `Prefer: wait=N`, or 0 for `respond-async`
  TraceId number{};             ///< what names it (number_of)
  Trace trace{};                ///< the one it came with, or one named after it

  /// Where a request comes from that came with this trace, or with none.
  static Origin of(std::string request_id, std::optional<Trace> trace = {}) {
    Origin origin;
    origin.number = number_of(request_id);
    origin.trace = trace ? *trace : trace_named(origin.number);
    origin.request_id = std::move(request_id);
    return origin;
  }
};

/// Cheap to copy; immutable where it is shared.
struct Call {
  Steady::time_point deadline = Steady::time_point::max();
  std::shared_ptr<const Caller> caller{};  ///< null: nobody is signed in
  std::shared_ptr<const Origin> origin = std::make_shared<Origin>();
  std::uint64_t span = 0;     ///< whose work asks for it (span.h); 0: not known
  bool from_service = false;  ///< asked by a service of ours: by a local link, or shown by the cluster's token

  /// The same call, to be answered within `time` if that is sooner.
  Call within(Steady::duration time) const {
    Call shorter = *this;
    shorter.deadline = std::min(deadline, Steady::now() + time);
    return shorter;
  }
  /// What a service does on its own account, so that it does not end with the user's token.
  Call on_own_account() const {
    Call own = *this;
    own.caller = nullptr;
    return own;
  }
};

}  // namespace svc
