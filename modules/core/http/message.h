// The messages of HTTP as handlers see them, whatever brought them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"

namespace svc::http {

struct Transit;

/// Field names compare without regard to case (RFC 9110 section 5.1). ASCII only.
bool same_name(std::string_view a, std::string_view b);

/// Fields in the order they came; a name may come more than once.
class Headers {
 public:
  struct Field {
    std::string_view name, value;
  };
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void clear() { fields_.clear(); }
  /// The first field of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

/// Where a request's content comes from. Read at most once.
class Body {
 public:
  virtual ~Body() = default;
  /// The whole of it. Code::too_large beyond `limit` bytes, Code::malformed when its framing is broken,
  /// Code::too_slow when it does not come in time.
  virtual Task<Result<std::string>> read(std::size_t limit) = 0;
  /// Instead of read(): the next bytes of it, as they come; nothing at its end. Errors as for read().
  virtual Task<Result<std::optional<std::string>>> next() = 0;
  virtual bool empty() const = 0;
  /// How much it is, where that was said beforehand.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
  /// Nobody wants what is left of it: a next() that waits ends at once, with an Error. On its loop.
  virtual void abandon() {}
};

/// The content of an answer that comes bit by bit.
class Source {
 public:
  virtual ~Source() = default;
  struct Piece {
    std::string bytes;
    bool end = false;
  };
  /// What there is by `limit`, which may be nothing. An Error cuts the answer short, so that it shows.
  virtual Task<Result<Piece>> next(Steady::time_point limit) = 0;
  /// Awaited by who sends the answer when it asks for no more, for whatever reason. Once it is done, nothing of the
  /// request is used any more.
  virtual Task<> end() { co_return; }

  /// What a server does that stops before its end.
  enum class AtStop {
    end,   ///< ends the answer; there would always be more
    wait,  ///< lets it go on, until all connections are cut off
    cut,   ///< cuts it short, so that it shows
  };
  virtual AtStop at_stop() const { return AtStop::end; }
};

/// Bytes a command's body may have.
inline constexpr std::size_t body_limit = 1024 * 1024;

/// A body that is in memory already.
class StoredBody final : public Body {
 public:
  explicit StoredBody(std::string content = {}) : content_(std::move(content)) {}
  Task<Result<std::string>> read(std::size_t limit) override;
  Task<Result<std::optional<std::string>>> next() override;
  bool empty() const override { return content_.empty(); }
  std::optional<std::uint64_t> length() const override { return content_.size(); }

 private:
  std::string content_;
};

/// A request whose head has been read and found sound. What it refers to lives until it is answered.
struct Request {
  std::string_view method;
  std::string_view target;  ///< path and query, still percent-encoded
  std::string_view path;    ///< still percent-encoded
  std::string_view query;   ///< without its '?'
  std::string_view host;    ///< with its port: the target's in absolute-form (RFC 9112 section 3.2.2), or the field's
  Headers headers;
  Body* body = nullptr;
  std::string peer_address;  ///< the other end of the connection, without port
  bool is_tls = false;
  std::string request_id;                    ///< from X-Request-Id where that is well-formed, else new
  std::vector<std::string_view> parameters;  ///< what stood for the braces of its route, still percent-encoded
  Transit* transit = nullptr;  ///< as a gateway in this process passes it on (identify.h); null: it came by no gateway
};

struct Response {
  int status = 200;
  std::string content_type{};  ///< empty: no content
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool close = false;  ///< end the connection behind this answer
  /// Of an answer to HEAD whose body stayed behind: how long that is. Otherwise `body` says it.
  std::optional<std::uint64_t> head_length{};
  std::shared_ptr<Source> source{};              ///< in place of `body`
  std::optional<std::uint64_t> source_length{};  ///< how much `source` gives, where that is known

  std::string_view header(std::string_view name) const;
};

/// Answers requests; thread-safe. The request outlives the task.
using Handler = std::function<Task<Response>(Request&)>;

/// Reason phrase of a status, for the status line.
std::string_view reason_phrase(int status);

}  // namespace svc::http
