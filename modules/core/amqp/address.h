// Where a broker is, and as whom to come: a URI of RabbitMQ's "AMQP URI specification"
// (rabbitmq.com/docs/uri-spec).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace svc::amqp {

struct Address {
  std::string host;  ///< a name or an address; one of IPv6 without its brackets
  int port = 5672;
  std::string vhost = "/";
  std::string user = "guest";
  std::string password = "guest";
  bool tls = false;
  bool operator==(const Address&) const = default;
};

/// "amqp://user:password@host:port/vhost", or amqps:// for TLS. All but the host may be left out. Names are
/// percent-encoded (RFC 3986 section 2.1): "amqp://host/%2F" is the vhost "/", "amqp://host/" the one without
/// a name, "amqp://host" the default. Parameters behind a "?" are refused: what they would set are options
/// here. Refuses with Code::invalid, reason "amqp_uri", and a text that repeats nothing of the URI, for a
/// password may be anywhere in it.
Result<Address> parse_address(std::string_view uri);

/// For logs and errors: the URI without user and password.
std::string told(const Address& address);

}  // namespace svc::amqp
