// Percent-encoding (RFC 3986 section 2.1), as the parts of URIs have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace svc {

/// Nothing when an escape is broken or stands for NUL. `plus_is_space`: as HTML forms write queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Escapes all but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace svc
