#include "base/encode.h"

#include <array>
#include <charconv>
#include <cmath>

namespace svc {
namespace {

// The length of the valid UTF-8 sequence at `text[at]`, or 0 (RFC 3629 section 4).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned char lead = byte(at), second = byte(at + 1);
  if (lead >= 0xc2 && lead <= 0xdf) return tail(at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && second < 0xa0) return 0;  // over-long
    if (lead == 0xed && second > 0x9f) return 0;  // surrogates
    return tail(at + 1) && tail(at + 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && second < 0x90) return 0;
    if (lead == 0xf4 && second > 0x8f) return 0;
    return tail(at + 1) && tail(at + 2) && tail(at + 3) ? 4 : 0;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\u00";
  out.push_back("0123456789abcdef"[c >> 4]);
  out.push_back("0123456789abcdef"[c & 0xf]);
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t plain = 0;  // start of the run that needs no change
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::size_t sequence = c >= 0x80 ? sequence_length(text, i) : 0;
    if (sequence > 0) {
      i += sequence;
      continue;
    }
    out.append(text, plain, i - plain);
    if (c == '"') out += "\\\"";
    else if (c == '\\') out += "\\\\";
    else if (c < 0x20) append_control(out, c);
    else out += "\xef\xbf\xbd";
    plain = ++i;
  }
  out.append(text, plain);
  out.push_back('"');
}

void append_json(std::string& out, std::int64_t number) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_json(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

}  // namespace svc
