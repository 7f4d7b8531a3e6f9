#include "http/routes.h"

#include <algorithm>

#include "http/field_values.h"

namespace svc::http::detail {
namespace {

bool is_json(std::string_view content_type) {
  return same_name(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

// Reads the body of a command: 413, 415 and 400 in this order.
Task<Result<std::string>> read_command(const Request& request, bool expects_json) {
  if (request.body == nullptr) co_return std::string{};
  auto reading = request.body->read(body_limit);
  auto body = co_await reading;
  if (!body) co_return refusal(body);
  if (request.headers.count("Content-Encoding") > 1 || !request.headers.get("Content-Encoding").empty())
    co_return fail(Code::unsupported, "content_encoding", "Bodies are taken unencoded only");
  const auto says_other = [](const Headers::Field& field) {
    return same_name(field.name, "Content-Type") && !is_json(field.value);
  };
  const bool other = std::ranges::any_of(request.headers, says_other);
  const bool untyped = request.headers.count("Content-Type") == 0;
  if (body->empty() ? expects_json && other : untyped || other)
    co_return fail(Code::unsupported, "content_type", "The body must be application/json");
  co_return body;
}

Result<Call> with_key(Call call, const Headers& headers) {
  auto key = idempotency_key(headers);
  if (!key) return refusal(key);
  if (key->empty()) return call;
  auto origin = std::make_shared<Origin>(*call.origin);
  origin->idempotency_key = std::move(*key);
  call.origin = std::move(origin);
  return call;
}

}  // namespace

Task<Response> answer(const RouteInfo& route, const Identify& identify, Request& request) {
  const Endpoint& endpoint = route.endpoint;
  const bool needs_caller = endpoint.access != Access::anyone && endpoint.access != Access::service;
  auto identifying = identify(request, needs_caller, seconds{endpoint.patience_seconds});
  auto call = co_await identifying;
  if (!call) co_return problem(call.error());
  if (auto refused = refuse_caller(*call, endpoint.access); refused && refused->code == Code::unauthenticated)
    co_return problem(*refused);

  std::string body;
  if (has_body(endpoint.verb)) {
    auto reading = read_command(request, route.takes_body);
    auto content = co_await reading;
    if (!content) co_return problem(content.error());
    body = std::move(*content);
  }
  if (endpoint.retry == Retry::keyed) {
    call = with_key(std::move(*call), request.headers);
    if (!call) co_return problem(call.error());
  }
  const auto action = route.make(route.service);
  auto readable = action->read(request, body);
  if (!readable) co_return problem(readable.error());
  auto entering = action->enter(std::move(*call));
  auto response = co_await entering;
  co_return response;
}

}  // namespace svc::http::detail
