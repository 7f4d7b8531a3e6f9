#include "base/page.h"

#include "base/base64url.h"
#include "base/check.h"

namespace svc {

std::string cursor_behind(std::string_view key) { return base64url(key); }

Result<std::string> key_of_cursor(const std::optional<std::string>& cursor, bool (*is_key)(std::string_view)) {
  if (!cursor) return std::string{};
  if (auto key = from_base64url(*cursor); key && is_key(*key)) return std::move(*key);
  return refuse({{"/cursor", "format", "must be the nextCursor of a page"}});
}

}  // namespace svc
