#include "cors.h"

#include <algorithm>

namespace svc::gateway {

bool Cors::allowed(std::string_view origin) const {
  return !origin.empty() &&
         std::ranges::any_of(origins_, [&](const auto& known) { return known == "*" || known == origin; });
}

bool Cors::is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && !request.headers.get("Access-Control-Request-Method").empty();
}

http::Response Cors::preflight(const http::Request& request) const {
  http::Response response{204};
  allow(request, response);
  if (!response.headers.empty() && allowed(request.headers.get("Origin"))) {
    response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, Prefer, X-Request-Id");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

void Cors::allow(const http::Request& request, http::Response& response) const {
  if (origins_.empty()) return;
  // What a foreign service says of it gives way: a browser refuses two answers to one question.
  std::erase_if(response.headers, [](const auto& field) {
    constexpr std::string_view prefix = "Access-Control-";
    return http::same_name(std::string_view(field.first).substr(0, prefix.size()), prefix);
  });
  response.headers.emplace_back("Vary", "Origin");
  const auto origin = request.headers.get("Origin");
  if (!allowed(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, RateLimit-Limit, "
                                " RateLimit-Remaining, RateLimit-Reset");
}

}  // namespace svc::gateway
