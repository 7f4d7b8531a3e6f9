// Strict readers of HTTP/1.1 framing (RFC 9112). What two programs could read in two ways is refused, so that
// no byte of one request's body can ever be taken for another request (request smuggling).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "http/message.h"

namespace svc::http {

struct Limits {
  std::int64_t request_line = 8 * 1024;
  std::int64_t header_block = 32 * 1024;
  std::int64_t header_fields = 100;
  static constexpr auto fields() {
    return rows(
        field(&Limits::request_line, "request_line", "Bytes of a request line; longer ones are refused with 414",
              Range{256, 1 << 20}, Default{8 * 1024}),
        field(&Limits::header_block, "header_block", "Bytes of all header fields together; more is refused with 431",
              Range{1024, 1 << 20}, Default{32 * 1024}),
        field(&Limits::header_fields, "header_fields", "Header fields in a request; more are refused with 431",
              Range{10, 10'000}, Default{100}));
  }
};

/// Why a message is refused: the status to answer with, before the connection is closed.
struct Fault {
  int status;
  std::string_view reason;  ///< snake_case
  std::string_view detail;
};

/// Finds the end of a head in bytes that arrive bit by bit, looking at each byte once.
class HeadScanner {
 public:
  enum class State { more, complete, broken };
  /// `bytes`: all of the message so far. When complete, end() is the size of the head with its empty line.
  State scan(std::string_view bytes, const Limits& limits);
  std::size_t end() const { return position_; }
  const Fault& fault() const { return *fault_; }
  void reset() { *this = {}; }

 private:
  State broken(Fault fault);
  std::size_t position_ = 0;    // behind the last line that is complete
  std::size_t searched_ = 0;    // no LF between position_ and here
  std::size_t first_line_ = 0;  // its end; 0: not seen yet
  std::optional<Fault> fault_;
};

/// How the body of a message is framed.
struct Framing {
  bool chunked = false;
  std::optional<std::uint64_t> length;  ///< Content-Length
  bool has_body() const { return chunked || length.value_or(0) > 0; }
};

struct RequestHead {
  std::string_view method, target, path, query;
  std::string_view host;  ///< the target's, or that of the field Host; may be empty
  Headers headers;        ///< views into the text that was parsed
  Framing framing;
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
};
/// Parses a whole head, its empty line included.
std::optional<Fault> parse_request_head(std::string_view text, const Limits& limits, RequestHead& head);

struct ResponseHead {
  int status = 0;
  Headers headers;
  Framing framing;
  bool keep_alive = true;
};
std::optional<Fault> parse_response_head(std::string_view text, const Limits& limits, ResponseHead& head);

/// Decodes a chunked body (RFC 9112 section 7.1) as its bytes arrive.
class ChunkedDecoder {
 public:
  /// Takes bytes from the front of `bytes` and appends their content to `out`, until the body has ended (done())
  /// or the bytes are used up. Stops early when `out` has grown beyond `limit`; see too_large().
  std::optional<Fault> decode(std::string_view& bytes, std::string& out, std::size_t limit);
  bool done() const { return state_ == State::done; }
  bool too_large() const { return too_large_; }

 private:
  enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, done };
  State state_ = State::size;
  std::uint64_t left_ = 0;  // of the present chunk
  int size_digits_ = 0;
  std::size_t extra_ = 0;         // bytes of extensions and trailers so far
  std::size_t trailer_name_ = 0;  // length of the present trailer line's name so far
  bool trailer_named_ = false;    // its colon has come
  bool trailer_cr_ = false;
  bool too_large_ = false;
};

}  // namespace svc::http
