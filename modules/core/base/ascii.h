// Case, where only the letters of ASCII have one: field names, hosts, e-mail addresses as keys. Whatever the locale
// says.
#pragma once

#include <algorithm>
#include <string>

namespace svc {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline std::string to_lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return to_lower(c); });
  return text;
}

}  // namespace svc
