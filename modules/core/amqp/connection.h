// A connection to a broker as librabbitmq has it: made, secured, signed in, with one channel open. session.h
// stands on it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "amqp/address.h"
#include "amqp/library.h"
#include "amqp/session.h"

namespace svc::amqp {

/// The one channel of a connection.
inline constexpr amqp_channel_t channel = 1;

/// As Session::open(). The channel is open; each answer of the broker is waited for as long as the options
/// say.
Result<Connection> connect(const Address& address, const Options& options,
                           std::shared_ptr<Interrupt> interrupt = nullptr);

/// What a broker says as it closes a connection or a channel.
struct Closure {
  int code = 0;  ///< AMQP 0-9-1 section 1.2: 403 access-refused, 406 precondition-failed …
  std::string text;
};
/// Nothing when `method` closes neither.
std::optional<Closure> closure_in(const amqp_method_t& method);

/// The error of a connection that the broker closed, or whose channel it closed.
Error closed_by_broker(const Closure& closure);
/// The error of a connection that is lost, for what the library says.
Error lost(int status);
/// The error of a reply that is not AMQP_RESPONSE_NORMAL.
Error error_of(const amqp_rpc_reply_t& reply);

}  // namespace svc::amqp
