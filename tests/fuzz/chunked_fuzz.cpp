// Chunked bodies: ChunkedDecoder. For every input:
//   - it makes no difference in what pieces the bytes arrive: content, end, refusal and what is left are the same
//   - what it takes for a body, a reader that does nothing but follow the grammar of RFC 9112 section 7.1 takes
//     for the same body, ending at the same byte; and the other way round
//   - content never grows beyond its limit
//   - any bytes, sent in chunks of any sizes, come out as they were, and what follows them is left alone
#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

#include "fuzz.h"
#include "http/parse.h"

namespace {

using namespace svc::http;
using svc::fuzz::Choices;
using svc::fuzz::Exact;
using svc::fuzz::must;

struct Decoded {
  bool done = false, refused = false, too_large = false;
  std::string content{};  // unless it is too large: how much of that is kept is nobody's business
  std::size_t taken = 0;  // bytes of the body, when done
  bool operator==(const Decoded&) const = default;
};

// `longest`: bytes of a piece.
Decoded decode(std::string_view bytes, std::size_t limit, Choices& choices, std::size_t longest) {
  ChunkedDecoder decoder;
  Decoded result;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done();) {
    const Exact piece(bytes.substr(at, longest >= bytes.size() ? longest : 1 + choices.next(longest)));
    auto left = piece.view();
    const auto fault = decoder.decode(left, result.content, limit);
    at += piece.view().size() - left.size();
    must(result.content.size() <= limit, "content never grows beyond its limit");
    if (decoder.too_large()) return {.too_large = true};
    if (fault) return {.refused = true, .content = result.content};
    must(left.empty() || decoder.done(), "all bytes are taken until the body ends");
    result.taken = at;
  }
  result.done = decoder.done();
  if (!result.done) result.taken = 0;
  return result;
}

// A line up to its CR LF, which is taken too.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const auto end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  const auto bad = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
  if (std::ranges::any_of(line, bad)) return std::nullopt;
  return line;
}

// Whether a line is a field: a token (RFC 9110 section 5.6.2), a colon, and its value.
bool is_field(std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  return !name.empty() && name.size() < line.size() &&
         std::ranges::all_of(
             name,
             [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
             });
}

// The body at the front of `bytes`, if there is a whole one.
std::optional<Decoded> read_plainly(std::string_view bytes) {
  const auto size = bytes.size();
  Decoded body{.done = true};
  while (true) {
    const auto line = take_line(bytes);
    if (!line) return std::nullopt;
    const auto digits = line->substr(0, line->find(';'));
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length, 16);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.size() > 15) return std::nullopt;
    if (length == 0) break;
    if (bytes.size() < length || !bytes.substr(length).starts_with("\r\n")) return std::nullopt;
    body.content += bytes.substr(0, length);
    bytes.remove_prefix(length + 2);
  }
  while (true) {
    const auto trailer = take_line(bytes);
    if (!trailer) return std::nullopt;
    if (trailer->empty()) break;
    if (!is_field(*trailer)) return std::nullopt;
  }
  body.taken = size - bytes.size();
  return body;
}

std::string in_chunks(std::string_view content, Choices& choices) {
  std::string bytes;
  while (!content.empty()) {
    const auto chunk = content.substr(0, 1 + choices.next(40));
    content.remove_prefix(chunk.size());
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, chunk.size(), 16).ptr;
    bytes.append(digits, end) += choices.next(4) == 0 ? ";name=\"value\"\r\n" : "\r\n";
    (bytes += chunk) += "\r\n";
  }
  return bytes + (choices.next(2) == 0 ? "0\r\n\r\n" : "000\r\nTrailer: value\r\n\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = svc::fuzz::text_of(data, size);
  if (size > 8'000) return 0;  // what all extensions and trailers may have; the plain reader does not count
  Choices choices(bytes);
  for (const std::size_t limit : {std::size_t{1} << 20, choices.next(24)}) {
    const auto whole = decode(bytes, limit, choices, size);
    must(decode(bytes, limit, choices, 1) == whole, "a body that comes byte by byte is the same body");
    must(decode(bytes, limit, choices, 16) == whole, "it makes no difference in what pieces a body arrives");
    const auto plain = read_plainly(bytes);
    if (whole.done) must(plain == whole, "what is taken for a body is one");
    else must(!plain || whole.too_large, "what is a body is taken for one");
  }

  const std::string body = in_chunks(bytes, choices), behind = "GET / HTTP/1.1\r\n";
  const auto sent = decode(body + behind, size, choices, 64);
  must(sent.done && sent.content == bytes && sent.taken == body.size(), "what is sent in chunks comes out as it was");
  return 0;
}
