// The insides of field values, as far as they are tokens and lists of tokens.
#pragma once

#include <algorithm>
#include <string_view>

namespace svc::http {

/// Without the white space around it, which is spaces and tabs (OWS, RFC 9110 section 5.6.3).
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the first element off a list and answers it, trimmed; `list` is empty behind the last. An element may be
/// empty, which says nothing (RFC 9110 section 5.6.1). Quotes are not looked at: any comma ends an element.
constexpr std::string_view take_element(std::string_view& list) {
  const auto comma = std::min(list.find(','), list.size());
  const auto element = trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

}  // namespace svc::http
