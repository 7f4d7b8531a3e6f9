// The trace that something is part of, as it is held and as it travels (W3C Trace Context).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace svc {

/// 128 bits that name a trace, or the request or the saga that it is named after.
struct TraceId {
  std::uint64_t high = 0, low = 0;
  bool operator==(const TraceId&) const = default;
  bool is_none() const { return high == 0 && low == 0; }
};

/// Its 32 digits.
std::string to_text(const TraceId& id);
/// A span's 16 digits.
std::string to_text(std::uint64_t span);
/// Reads 32 digits, not all of them zeros.
std::optional<TraceId> read_trace_id(std::string_view text);

/// What names a request: the bits of its id, if that is a UUID with both halves; else made of it, with a `low` of 0.
TraceId number_of(std::string_view request_id);

/// The UUID whose bits these are, if they are those of one.
std::optional<std::string> uuid_of(const TraceId& number);

struct Trace {
  TraceId id;                ///< none: it is part of no trace
  std::uint64_t parent = 0;  ///< the span that what follows is asked for by
  std::uint8_t flags = 1;    ///< 1: who asks has perhaps recorded it (section 3.2.2.5)
  bool operator==(const Trace&) const = default;
};

/// Reads a `traceparent` (section 3.2); what later versions add behind these is left out (section 4.3), and so are
/// flags that are not known here. Nothing when it is not well-formed.
std::optional<Trace> read_traceparent(std::string_view text);
/// The `traceparent` of what `span` asks for; where that is 0, of what the trace's parent does.
std::string traceparent(const Trace& trace, std::uint64_t span = 0);

/// The trace of a request that came with none. It is named after the request, so that all that follows from it shares
/// it; the parent is the request itself, the half of its id that is not the time. One of chance, where the id is no
/// UUID, or has a half of zeros.
Trace trace_named(const TraceId& request);

}  // namespace svc
