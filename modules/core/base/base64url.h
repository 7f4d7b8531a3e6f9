// Base64 with the alphabet that is safe in URLs, without padding (RFC 4648 section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace svc {

std::string base64url(std::string_view bytes);
/// Canonical: there is one text for one value, and nothing for any other text.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace svc
