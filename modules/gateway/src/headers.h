// Which header fields cross the gateway.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace svc::gateway {

/// What a client may tell a module: everything but what concerns this connection only (RFC 9110 section 7.6.1),
/// and but what is never a client's to say.
http::Headers from_client(const http::Headers& headers);

/// What a module may tell a client. The server adds its own Date, Connection and X-Request-Id.
std::vector<std::pair<std::string, std::string>> to_client(std::vector<std::pair<std::string, std::string>> headers);

/// Whether a field is said anew of what is passed on: its host, its length, and which trace it is (add_trace()).
bool is_said_anew(std::string_view name);
/// Adds the fields that name the trace of a request in transit: the gateway's span is the parent, and what others have
/// noted of the trace (`tracestate`) goes along if it is still the client's.
void add_trace(const http::Request& request, std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace svc::gateway
