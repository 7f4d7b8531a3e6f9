#include "http/identify.h"

#include <algorithm>

#include "base/integer.h"
#include "http/field_values.h"

namespace svc::http {
namespace {

// The token of "Bearer <token>" (RFC 6750 section 2.1); empty when it is something else.
std::string_view bearer(std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (space == std::string_view::npos || !same_name(authorization.substr(0, space), "Bearer")) return {};
  return trim(authorization.substr(space + 1));
}

}  // namespace

Result<std::string> idempotency_key(const Headers& headers) {
  const auto count = headers.count("Idempotency-Key");
  if (count == 0) return std::string{};
  const auto refused = fail(Code::malformed, "bad_idempotency_key",
                            "Idempotency-Key is one string of 1 to 255 printable characters, quoted or bare");
  auto text = headers.get("Idempotency-Key");
  std::string key;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {  // RFC 8941 section 3.3.3
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') return refused;
      if (text[i] == '\\' && (++i == text.size() || (text[i] != '"' && text[i] != '\\'))) return refused;
      key.push_back(text[i]);
    }
  } else {
    key = text;
    if (key.find('"') != std::string::npos) return refused;
  }
  const bool printable = std::ranges::all_of(key, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (count > 1 || key.empty() || key.size() > 255 || !printable) return refused;
  return key;
}

std::optional<seconds> preferred_wait(const Headers& headers, seconds longest) {
  std::optional<seconds> wait;
  for (const auto& field : headers) {
    if (!same_name(field.name, "Prefer")) continue;
    for (auto rest = field.value; !rest.empty();) {
      const auto preference = take_element(rest);
      const auto equals = preference.find('=');
      if (same_name(preference, "respond-async")) {
        wait = seconds{0};
      } else if (equals != std::string_view::npos && same_name(trim(preference.substr(0, equals)), "wait")) {
        const auto value = parse_integer<std::int64_t>(trim(preference.substr(equals + 1)));
        if (value && *value >= 0 && !wait) wait = std::min(seconds{std::min<std::int64_t>(*value, 3600)}, longest);
      }
    }
  }
  return wait;
}

std::string budget_until(Steady::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Steady::now());
  return std::to_string(std::max<std::int64_t>(left.count(), 1));
}

std::optional<Trace> trace_of(const Headers& headers) {
  if (headers.count(trace_header) != 1) return std::nullopt;
  return read_traceparent(headers.get(trace_header));
}

// More than others have for who prefers to wait longer.
milliseconds Identify::time_for(std::optional<seconds> wait) const {
  return std::max<milliseconds>(options_.deadline, wait ? *wait + seconds{5} : seconds{0});
}

Transit Identify::begin_transit(const Request& request) const {
  Transit transit{as_it_came(request, false), {}};
  transit.span = Span::begin(transit.call, gateway_name, "request", SpanKind::gateway);
  transit.span.is_read = true;  // until it is let through
  return transit;
}

// `is_ours`: a service of ours sends it, on behalf of the client it names.
Call Identify::as_it_came(const Request& request, bool is_ours) const {
  auto origin = std::make_shared<Origin>(Origin::of(request.request_id, trace_of(request.headers)));
  const auto client = is_ours ? request.headers.get("X-Forwarded-For") : std::string_view();
  origin->client_address = client.empty() ? request.peer_address : client;
  origin->wait = preferred_wait(request.headers, options_.longest_wait);
  const auto span = origin->trace.parent;
  return {.origin = std::move(origin), .span = span};
}

Task<Result<Call>> Identify::operator()(const Request& request, bool needs_caller, seconds patience) const {
  const auto shown = request.headers.get(cluster_header);
  const auto service = shown.empty() ? std::string() : cluster_.verify(shown);

  Call call = request.transit != nullptr ? request.transit->call : as_it_came(request, !service.empty());
  auto time = time_for(call.origin->wait) + patience;
  if (!service.empty()) {
    call.from_service = service != gateway_name;
    if (const auto budget = parse_integer<std::int64_t>(request.headers.get(budget_header)); budget && *budget >= 0)
      time = std::min<milliseconds>(time, milliseconds{*budget});
  }
  call.deadline = Steady::now() + time;

  if (!needs_caller) return Result<Call>(std::move(call));
  if (request.headers.count("Authorization") > 1)  // RFC 9110 section 5.3: nobody can tell which is meant
    return Result<Call>(fail(Code::unauthenticated, "token_invalid", "Authorization is there more than once"));
  const auto token = bearer(request.headers.get("Authorization"));
  if (token.empty()) return Result<Call>(std::move(call));
  return with_caller(std::move(call), std::string(token));
}

Task<Result<Call>> Identify::with_caller(Call call, std::string token) const {
  auto verifying = tokens_.verify(std::move(token));
  auto caller = co_await verifying;
  if (!caller) co_return refusal(caller);
  call.caller = std::move(*caller);
  co_return call;
}

}  // namespace svc::http
