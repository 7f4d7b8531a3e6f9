#include "http/parse.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.h"
#include "base/integer.h"
#include "http/field_values.h"

namespace svc::http {
namespace {

constexpr std::size_t extra_limit = 8 * 1024;

// RFC 9110 section 5.6.2
constexpr bool is_token_char(char c) {
  return is_alphanumeric(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}
constexpr auto token_chars = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = is_token_char(static_cast<char>(c));
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return token_chars[static_cast<unsigned char>(c)]; });
}

// VCHAR, obs-text, space and tab (RFC 9110 section 5.5).
bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}
bool is_field_value(std::string_view text) { return std::ranges::all_of(text, is_value_char); }

// Takes the next line off `text`; lines end with CR LF, which HeadScanner has seen to.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

std::optional<Fault> parse_fields(std::string_view text, const Limits& limits, Headers& headers) {
  while (true) {
    const auto line = take_line(text);
    if (line.empty()) return std::nullopt;
    if (headers.size() == static_cast<std::size_t>(limits.header_fields))
      return Fault{431, "too_many_headers", "There are too many header fields"};
    if (line.front() == ' ' || line.front() == '\t')
      return Fault{400, "folded_header", "A header field may not span lines"};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return Fault{400, "bad_header", "A header field has no sound name"};
    const auto value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) return Fault{400, "bad_header", "A header value holds a control character"};
    headers.add(line.substr(0, colon), value);
  }
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.size() > 18) return std::nullopt;
  return parse_integer<std::uint64_t>(text);
}

std::optional<Fault> parse_framing(const Headers& headers, bool http11, Framing& framing) {
  const auto encodings = headers.count("Transfer-Encoding");
  const auto lengths = headers.count("Content-Length");
  if (encodings > 0 && lengths > 0)
    return Fault{400, "ambiguous_length", "Content-Length and Transfer-Encoding exclude each other"};
  if (encodings > 0) {
    if (!http11) return Fault{400, "bad_transfer_encoding", "HTTP/1.0 has no Transfer-Encoding"};
    if (encodings > 1) return Fault{400, "bad_transfer_encoding", "Transfer-Encoding comes more than once"};
    if (!same_name(headers.get("Transfer-Encoding"), "chunked"))
      return Fault{501, "bad_transfer_encoding", "The only Transfer-Encoding known here is chunked"};
    framing.chunked = true;
  }
  if (lengths > 1) return Fault{400, "ambiguous_length", "Content-Length comes more than once"};
  if (lengths == 1) {
    framing.length = parse_length(headers.get("Content-Length"));
    if (!framing.length) return Fault{400, "bad_content_length", "Content-Length is no number"};
  }
  return std::nullopt;
}

bool lists(std::string_view value, std::string_view option) {
  while (!value.empty())
    if (same_name(take_element(value), option)) return true;
  return false;
}

bool keeps_alive(const Headers& headers, bool http11) {
  bool keep = http11;
  for (const auto& field : headers) {
    if (!same_name(field.name, "Connection")) continue;
    if (lists(field.value, "close")) return false;
    if (lists(field.value, "keep-alive")) keep = true;
  }
  return keep;
}

bool is_target_char(char c) {
  return c > 0x20 && c < 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\';
}

// Without the sub-delims of RFC 3986 section 3.2.2, which no name of the DNS has: where the host is passed on, in
// fields that are lists, a comma would make two of it and a semicolon begin a parameter.
bool is_name(std::string_view name) {
  return std::ranges::all_of(
      name, [](char c) { return is_alphanumeric(c) || std::string_view{"-._~%"}.find(c) != std::string_view::npos; });
}

// An address of IPv6, with its zone (RFC 6874) if it has one.
bool is_address(std::string_view text) {
  const auto zone = std::min(text.find('%'), text.size());
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string(text.substr(0, zone)).c_str(), &address) == 1 && is_name(text.substr(zone));
}

// uri-host and port (RFC 9110 section 7.2); either may be empty.
bool is_host(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return false;
  if (bracketed ? !is_address(text.substr(1, end - 1)) : !is_name(text.substr(0, end))) return false;
  const auto port = text.substr(bracketed ? end + 1 : end);
  return port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit));
}

// Splits a target into path and query; takes absolute-form apart, whose host counts and not that of the field Host (RFC
// 9112 section 3.2.2).
bool parse_target(RequestHead& head) {
  auto target = head.target;
  if (!std::ranges::all_of(target, is_target_char)) return false;
  if (target == "*") {
    head.path = target;
    return head.method == "OPTIONS";
  }
  if (target.size() > 7 && same_name(target.substr(0, 7), "http://")) {
    const auto slash = std::min(target.find('/', 7), target.size());
    head.host = target.substr(7, slash - 7);
    // "http://host?a=/b" has a slash, but not of a path; "http://me@host/" names somebody.
    if (head.host.empty() || !is_host(head.host)) return false;
    target = slash == target.size() ? "/" : target.substr(slash);
    head.target = target;
  }
  if (target.empty() || target.front() != '/') return false;
  const auto question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  return true;
}

// "HTTP/1.1" or "HTTP/1.0"; otherwise a fault.
std::optional<Fault> parse_version(std::string_view text, bool& http11) {
  if (text == "HTTP/1.1" || text == "HTTP/1.0") {
    http11 = text.back() == '1';
    return std::nullopt;
  }
  const bool other = text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '0' && text[5] <= '9' &&
                     text[6] == '.' && text[7] >= '0' && text[7] <= '9';
  if (other) return Fault{505, "bad_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here"};
  return Fault{400, "bad_request_line", "The request line is malformed"};
}

}  // namespace

HeadScanner::State HeadScanner::broken(Fault fault) {
  fault_ = fault;
  return State::broken;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes, const Limits& limits) {
  while (true) {
    const void* const found =
        searched_ < bytes.size() ? std::memchr(bytes.data() + searched_, '\n', bytes.size() - searched_) : nullptr;
    const std::size_t lf =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) : bytes.size();
    if (first_line_ == 0 && lf - position_ > static_cast<std::size_t>(limits.request_line))
      return broken({414, "request_line_too_long", "The request line is too long"});
    if (first_line_ != 0 && lf - first_line_ > static_cast<std::size_t>(limits.header_block))
      return broken({431, "headers_too_large", "The header fields are too large"});
    if (found == nullptr) {
      searched_ = bytes.size();
      return State::more;
    }
    if (lf == position_ || bytes[lf - 1] != '\r') return broken({400, "bare_lf", "Lines end with CR LF"});
    const bool empty = lf == position_ + 1;
    position_ = searched_ = lf + 1;
    if (first_line_ == 0) {
      if (empty) return broken({400, "bad_request_line", "The request line is empty"});
      first_line_ = position_;
    } else if (empty) {
      return State::complete;
    }
  }
}

std::optional<Fault> parse_request_head(std::string_view text, const Limits& limits, RequestHead& head) {
  const auto line = take_line(text);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.find(' ', first + 1) != last)
    return Fault{400, "bad_request_line", "The request line is malformed"};
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  bool& http11 = head.http11;
  if (auto fault = parse_version(line.substr(last + 1), http11)) return fault;
  if (!is_token(head.method)) return Fault{400, "bad_request_line", "The method is malformed"};
  if (!parse_target(head)) return Fault{400, "bad_target", "The request target is malformed"};
  if (auto fault = parse_fields(text, limits, head.headers)) return fault;

  const auto hosts = head.headers.count("Host");
  const auto host = head.headers.get("Host");
  if (hosts > 1 || (hosts == 0 && http11) || !is_host(host))
    return Fault{400, "bad_host", "There must be one sound Host"};
  if (head.host.empty()) head.host = host;
  if (auto fault = parse_framing(head.headers, http11, head.framing)) return fault;
  if (head.framing.has_body() && (head.method == "GET" || head.method == "HEAD"))
    return Fault{400, "unexpected_body", "GET and HEAD have no body here"};
  head.keep_alive = keeps_alive(head.headers, http11);
  if (head.headers.count("Expect") > 1) return Fault{417, "bad_expect", "Expect comes more than once"};
  if (const auto expect = head.headers.get("Expect"); !expect.empty()) {
    if (!same_name(expect, "100-continue"))
      return Fault{417, "bad_expect", "The only Expect known here is 100-continue"};
    head.expects_continue = http11 && head.framing.has_body();
  }
  return std::nullopt;
}

std::optional<Fault> parse_response_head(std::string_view text, const Limits& limits, ResponseHead& head) {
  const Fault malformed{502, "bad_answer", "The answer's head is malformed"};
  const auto line = take_line(text);
  bool http11 = false;
  if (line.size() < 12 || line[8] != ' ' || parse_version(line.substr(0, 8), http11)) return malformed;
  for (const char c : line.substr(9, 3)) {
    if (!is_digit(c)) return malformed;
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || head.status > 599 || (line.size() > 12 && line[12] != ' ')) return malformed;
  if (parse_fields(text, limits, head.headers)) return malformed;
  if (parse_framing(head.headers, http11, head.framing)) return malformed;
  head.keep_alive = keeps_alive(head.headers, http11);
  return std::nullopt;
}

std::optional<Fault> ChunkedDecoder::decode(std::string_view& bytes, std::string& out, std::size_t limit) {
  const Fault bad_chunk{400, "bad_chunk", "The chunked body is malformed"};
  while (!bytes.empty() && state_ != State::done) {
    if (state_ == State::data) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (out.size() + take > limit) {
        too_large_ = true;
        return std::nullopt;
      }
      out.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      left_ -= take;
      if (left_ == 0) state_ = State::data_cr;
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    switch (state_) {
      case State::size: {
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit >= 0) {
          if (++size_digits_ > 15) return bad_chunk;
          left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        } else if (size_digits_ == 0 || (c != '\r' && c != ';')) {
          return bad_chunk;
        } else {
          state_ = c == ';' ? State::extension : State::size_lf;
        }
        break;
      }
      case State::extension:
        if (++extra_ > extra_limit || (c != '\r' && !is_value_char(c))) return bad_chunk;
        if (c == '\r') state_ = State::size_lf;
        break;
      case State::size_lf:
        if (c != '\n') return bad_chunk;
        size_digits_ = 0;
        trailer_name_ = 0;
        state_ = left_ > 0 ? State::data : State::trailer;
        break;
      case State::data_cr:
        if (c != '\r') return bad_chunk;
        state_ = State::data_lf;
        break;
      case State::data_lf:
        if (c != '\n') return bad_chunk;
        state_ = State::size;
        break;
      case State::trailer:  // fields behind the body: read to their end and forgotten (RFC 9112 section 7.1.2)
        if (++extra_ > extra_limit) return bad_chunk;
        if (trailer_cr_) {
          if (c != '\n') return bad_chunk;
          trailer_cr_ = false;
          if (trailer_name_ == 0) state_ = State::done;
          trailer_name_ = 0;
        } else if (c == '\r') {
          if (trailer_name_ > 0 && !trailer_named_) return bad_chunk;
          trailer_cr_ = true;
          trailer_named_ = false;
        } else if (trailer_named_) {
          if (!is_value_char(c)) return bad_chunk;
        } else if (c == ':' && trailer_name_ > 0) {
          trailer_named_ = true;
        } else if (is_token_char(c)) {
          ++trailer_name_;
        } else {
          return bad_chunk;
        }
        break;
      case State::data:
      case State::done: break;
    }
  }
  return std::nullopt;
}

}  // namespace svc::http
