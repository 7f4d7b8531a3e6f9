// Numbers as lower-case hexadecimal digits of a fixed count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace svc {

/// Writes the last `count` digits of `value` to `at`.
constexpr void put_hex(char* at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0; value >>= 4) at[i] = "0123456789abcdef"[value & 0xf];
}

namespace detail {

inline constexpr std::uint8_t no_digit = 0x80;
inline constexpr auto hex_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t i = 0; i < 16; ++i) values[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
  return values;
}();

}  // namespace detail

/// Reads 1 to 16 digits. Nothing when one of them is none.
constexpr std::optional<std::uint64_t> read_hex(std::string_view digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  std::uint8_t all = 0;
  for (const char c : digits) {
    const auto digit = detail::hex_values[static_cast<unsigned char>(c)];
    all |= digit;
    value = value << 4 | (digit & 0xf);
  }
  return (all & detail::no_digit) == 0 ? std::optional(value) : std::nullopt;
}

}  // namespace svc
