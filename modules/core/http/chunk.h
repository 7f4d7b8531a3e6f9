// The frame of a chunk (RFC 9112 section 7.1), as both sides of HTTP write it: a head, its bytes, an end of line.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace svc::http {

/// `size` is not 0: that would end the content.
inline std::string chunk_head(std::size_t size) {
  std::array<char, 16> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  return std::string(digits.data(), written.ptr) + "\r\n";
}

inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace svc::http
