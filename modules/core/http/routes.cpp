#include "http/routes.h"

namespace svc::http::detail {
namespace {

bool is_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return same_name(type, "application/json");
}

}  // namespace

Task<Result<std::string>> read_command(const Request& request, bool expects_json) {
  if (request.body == nullptr) co_return std::string{};
  auto reading = request.body->read(body_limit);
  auto body = co_await reading;
  if (!body) co_return refusal(body);
  if (const auto encoding = request.headers.get("Content-Encoding"); !encoding.empty())
    co_return fail(Code::unsupported, "content_encoding", "Bodies are taken unencoded only");
  const auto type = request.headers.get("Content-Type");
  if ((expects_json || !body->empty()) && !is_json(type) && !(body->empty() && type.empty()))
    co_return fail(Code::unsupported, "content_type", "The body must be application/json");
  co_return body;
}

}  // namespace svc::http::detail
