// Spans: what this process has done of late, call by call, so that it can be told afterwards what became of a request
// or an order (`svc explain`). A span is one piece of the work of a trace: its beginning, how long it took, how it
// ended, and which other piece had it done (W3C Trace Context, section 3.2.2.4, calls its id the parent-id).
//
// The newest are kept in memory, however fast they come; nothing is written or sent. What must outlive the process is
// in the databases: an order's timeline, its payment, its events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fields.h"
#include "contract/call.h"
#include "contract/endpoint.h"

namespace svc {

enum class SpanKind {
  call,     ///< an operation, from when it came through the door
  link,     ///< asking another process for one, retries included
  gateway,  ///< a request on its way through the gateway
  saga,     ///< a saga, as far as this process drove it
  event,    ///< what a module did about an event
};
constexpr auto names(std::type_identity<SpanKind>) {
  return std::array{EnumName{SpanKind::call, "call"}, EnumName{SpanKind::link, "link"},
                    EnumName{SpanKind::gateway, "gateway"}, EnumName{SpanKind::saga, "saga"},
                    EnumName{SpanKind::event, "event"}};
}

/// The views are of literals.
struct Span {
  TraceId trace{}, request{};               ///< what it is part of (Origin::number)
  std::uint64_t id = 0, parent = 0;         ///< no two ids are alike, in no process; parent 0: not known
  std::string_view service{}, operation{};  ///< whose work it is, and which
  SpanKind kind = SpanKind::call;
  Steady::time_point begun{};
  Steady::duration took{};
  std::string_view outcome{};  ///< "ok", the name of the Error's code, or a saga's state
  bool is_read = false;        ///< nothing changes by it, so that it may be forgotten first

  /// Begins the span of what `call` asks for. From here on `call` is part of it.
  static Span begin(Call& call, std::string_view service, std::string_view operation, SpanKind kind);
  static Span begin(Call& call, std::string_view service, const Endpoint& endpoint, SpanKind kind) {
    auto span = begin(call, service, endpoint.name, kind);
    span.ask_for(endpoint);
    return span;
  }
  /// It turns out which operation is asked for.
  void ask_for(const Endpoint& endpoint) {
    operation = endpoint.name;
    is_read = endpoint.retry == Retry::read;
  }
  /// Ends it, and has it remembered. How long it took.
  Steady::duration end(std::string_view how);
};

/// What a span says of how it ended.
constexpr std::string_view outcome_of(std::optional<Code> failure) { return failure ? traits(*failure).name : "ok"; }

template <class Answer>
std::string_view outcome_of(const Result<Answer>& result) {
  return result ? "ok" : outcome_of(result.error().code);
}
/// The same of an answer of this HTTP status.
constexpr std::string_view outcome_of_status(int status) {
  if (status < 400) return "ok";
  const auto code = code_of(status);
  return code ? outcome_of(code) : "refused";
}

struct SpanOptions {
  std::int64_t spans = 4'096;
  static constexpr auto fields() {
    return rows(field(&SpanOptions::spans, "spans",
                      "Calls of late that each thread remembers, for svc explain, and as many that only read; some 120 "
                      "bytes each; 0: none",
                      Range{0, 100'000}, Default{4'096}));
  }
};

/// By which spans are found.
struct SpanKeys {
  TraceId trace, request;
  bool match(const Span& span) const { return span.trace == trace || span.request == request; }
};
/// Those of the id of a trace (32 digits), or of a request or a saga and the trace that is named after it.
SpanKeys keys_of(std::string_view id);

/// The newest spans of one thread, as many as it has places. Thread-safe.
class SpanRing {
 public:
  explicit SpanRing(std::size_t places) : limit_(places) {}
  void keep(const Span& span);
  /// Adds those of these keys, the newest first, until `found` has `limit`. keep() never waits for long meanwhile.
  void find(const SpanKeys& keys, std::size_t limit, std::vector<Span>& found) const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::vector<Span> spans_;  // guarded by mutex_, as next_
  std::size_t next_ = 0;     // where the oldest is, once all places are taken
};

/// How much is remembered from now on. Before anything else is done.
void set_span_options(const SpanOptions& options);

struct FoundSpans {
  std::vector<Span> spans;  ///< the oldest first
  bool more = false;        ///< there are others, older than these
};
/// What this process remembers of an id, as keys_of() takes it: the newest `limit`. Thread-safe.
FoundSpans find_spans(std::string_view id, std::size_t limit);

}  // namespace svc
