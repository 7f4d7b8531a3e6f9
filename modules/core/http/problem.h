// Errors on the wire: problem documents (RFC 9457), and back. An Error that crosses HTTP arrives unchanged.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace svc::http {

inline constexpr std::string_view problem_type = "application/problem+json";

/// The answer that carries `error`: its status, its problem document, and Retry-After, WWW-Authenticate where
/// the status asks for them.
Response problem(const Error& error);

/// A refusal of HTTP's own that no operation gives (408, 414, 431, 505 and the like).
Response problem(int status, std::string_view reason, std::string_view detail);

/// The Error that an answer with a status other than success stands for. Total: whatever came back, a foreign
/// proxy's HTML page included, becomes an Error. What does not come from the operation that was asked for is
/// Code::unavailable at best: it refuses nothing.
Error error_of(int status, std::string_view body, std::string_view retry_after);

}  // namespace svc::http
