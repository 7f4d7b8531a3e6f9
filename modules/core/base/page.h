// Pages of a list: at most `limit` entries, and an opaque cursor that leads to the next page.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fields.h"

namespace svc {

inline constexpr int page_default = 50, page_limit = 200;

/// The rows of `limit` and `cursor` for a list operation with members of these names.
template <class Op>
constexpr auto limit_field() {
  return field(&Op::limit, "limit", "Entries in a page, at most", Range{1, page_limit}, Default{page_default});
}
template <class Op>
constexpr auto cursor_field() {
  return field(&Op::cursor, "cursor", "Where to go on: nextCursor of the page before", Length{1, 200});
}

/// The cursor behind an entry of this key.
std::string cursor_behind(std::string_view key);
/// The key of a cursor; empty when there is none, a refusal when it is not one of ours. `is_key`: what the list's
/// keys look like.
Result<std::string> key_of_cursor(const std::optional<std::string>& cursor, bool (*is_key)(std::string_view));

/// Cuts entries that were read with a limit one larger down to a page: answers the cursor if there is more.
template <class Entry, class KeyOf>
std::optional<std::string> cut_page(std::vector<Entry>& entries, int limit, KeyOf key_of) {
  if (entries.size() <= static_cast<std::size_t>(limit)) return std::nullopt;
  entries.resize(static_cast<std::size_t>(limit));
  return cursor_behind(key_of(entries.back()));
}

}  // namespace svc
