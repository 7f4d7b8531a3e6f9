// Which header fields cross to a foreign service and back, and what the gateway says of the way: Via (RFC 9110 section
// 7.6.3), Forwarded (RFC 7239) and the X-Forwarded- fields that came before it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace svc::gateway {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What a foreign service is told. `request`: in transit. `token`: verified, to be passed on; empty: none, whatever
/// the request's Authorization says. `stripped`: the prefix that was taken off the path.
Fields to_foreign(const http::Request& request, std::string_view token, std::string_view stripped);

/// What a client is told of a foreign service's answer.
Fields from_foreign(Fields headers);

/// Whether a request has come by here so often that it goes round in a circle.
bool goes_round(const http::Headers& headers);

}  // namespace svc::gateway
