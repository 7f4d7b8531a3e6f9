// Letters, digits and case as ASCII has them, whatever the locale says: of field names, hosts, e-mail addresses as
// keys.
#pragma once

#include <algorithm>
#include <string>

namespace svc {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline std::string to_lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return to_lower(c); });
  return text;
}

}  // namespace svc
