#include "contract/trace.h"

#include "base/fnv1a.h"
#include "base/hex.h"
#include "base/ids.h"

namespace svc {
namespace {

constexpr std::size_t id_size = 32, span_size = 16;

// Where the parts of a traceparent are: 00-ID-PARENT-FLAGS.
constexpr std::size_t id_at = 3, parent_at = 36, flags_at = 53, traceparent_size = 55;

constexpr std::uint64_t sampled = 1;  // the one flag of version 00

std::uint64_t random_span() { return random_bits() | 1; }  // never of zeros

}  // namespace

std::string to_text(const TraceId& id) {
  std::string text(id_size, '0');
  put_hex(&text[0], id.high, 16);
  put_hex(&text[16], id.low, 16);
  return text;
}

std::string to_text(std::uint64_t span) {
  std::string text(span_size, '0');
  put_hex(&text[0], span, 16);
  return text;
}

std::optional<TraceId> read_trace_id(std::string_view text) {
  if (text.size() != id_size) return std::nullopt;
  const auto high = read_hex(text.substr(0, 16)), low = read_hex(text.substr(16));
  if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
  return TraceId{*high, *low};
}

TraceId number_of(std::string_view request_id) {
  const auto uuid = read_uuid(request_id);
  if (!uuid || uuid->high == 0 || uuid->low == 0) return {fnv1a(request_id), 0};
  return {uuid->high, uuid->low};
}

std::optional<std::string> uuid_of(const TraceId& number) {
  if (number.low == 0) return std::nullopt;
  return to_text(Uuid{number.high, number.low});
}

std::optional<Trace> read_traceparent(std::string_view text) {
  if (text.size() < traceparent_size || text[id_at - 1] != '-' || text[parent_at - 1] != '-' ||
      text[flags_at - 1] != '-')
    return std::nullopt;
  const auto version = read_hex(text.substr(0, 2));
  const bool ends = text.size() == traceparent_size;
  if (!version || *version == 0xff || (!ends && (*version == 0 || text[traceparent_size] != '-'))) return std::nullopt;
  const auto id = read_trace_id(text.substr(id_at, id_size));
  const auto parent = read_hex(text.substr(parent_at, span_size));
  const auto flags = read_hex(text.substr(flags_at, 2));
  if (!id || !parent || *parent == 0 || !flags) return std::nullopt;
  return Trace{*id, *parent, static_cast<std::uint8_t>(*flags & sampled)};
}

std::string traceparent(const Trace& trace, std::uint64_t span) {
  std::string text = "00-00000000000000000000000000000000-0000000000000000-00";
  put_hex(&text[id_at], trace.id.high, 16);
  put_hex(&text[id_at + 16], trace.id.low, 16);
  put_hex(&text[parent_at], span != 0 ? span : trace.parent, 16);
  put_hex(&text[flags_at], trace.flags, 2);
  return text;
}

Trace trace_named(const TraceId& request) {
  if (request.low == 0) return {{random_bits(), random_span()}, random_span()};
  return {request, request.low};
}

}  // namespace svc
