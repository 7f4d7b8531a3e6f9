// Which header fields cross the gateway.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/message.h"

namespace svc::gateway {

/// What a client may tell a module: everything but what concerns this connection only (RFC 9110 section 7.6.1),
/// and but what is never a client's to say.
http::Headers from_client(const http::Headers& headers);

/// What a module may tell a client. The server adds its own Date, Connection and X-Request-Id.
std::vector<std::pair<std::string, std::string>> to_client(std::vector<std::pair<std::string, std::string>> headers);

}  // namespace svc::gateway
