// Integers written as text.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace svc {

/// The integer that `text` is from its first character to its last: decimal digits, and before those of a signed
/// type perhaps a minus. Nothing for any other text (a plus, a space, none at all), and for what T cannot hold.
template <std::integral T>
std::optional<T> parse_integer(std::string_view text) {
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

}  // namespace svc
