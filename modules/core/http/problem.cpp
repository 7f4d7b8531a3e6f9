#include "http/problem.h"

#include <charconv>

#include "base/decode.h"
#include "base/encode.h"
#include "http/problem_document.h"

namespace svc {
namespace {

using http::Problem;

Problem problem_of(int status, std::string_view title, std::string_view reason, std::string_view detail) {
  return {"urn:svc:problem:" + std::string(reason), std::string(title), status, std::string(detail),
          std::string(reason), {}};
}

}  // namespace

http::Response http::problem(const Error& error) {
  const auto& known = traits(error.code);
  auto problem = problem_of(known.status, known.title, error.reason, error.detail);
  if (!error.violations.empty()) {
    auto& errors = problem.errors.emplace();
    for (const auto& violation : error.violations)
      errors.push_back({violation.pointer, violation.rule, violation.detail});
  }
  Response response{known.status, std::string(problem_type), encode(problem)};
  if (error.retry_after) response.headers.emplace_back("Retry-After", std::to_string(*error.retry_after));
  if (error.code == Code::unauthenticated) {
    // RFC 6750 section 3: no error attribute when no token was shown at all.
    const bool shown = error.reason != "token_missing";
    response.headers.emplace_back("WWW-Authenticate",
                                  shown ? R"(Bearer realm="svc", error="invalid_token")" : R"(Bearer realm="svc")");
  }
  return response;
}

http::Response http::problem(int status, std::string_view reason, std::string_view detail) {
  return {status, std::string(problem_type), encode(problem_of(status, reason_phrase(status), reason, detail))};
}

Error http::error_of(int status, std::string_view body, std::string_view retry_after) {
  Error error;
  error.reason = "foreign_answer";
  error.detail = "The answer had status " + std::to_string(status);
  error.code = status == 502 ? Code::unavailable : Code::internal;
  for (const auto& known : code_table)
    if (known.status == status) error.code = known.code;
  if (auto problem = decode_answer<Problem>(body)) {
    error.reason = std::move(problem->code);
    error.detail = std::move(problem->detail);
    for (auto& violation : problem->errors.value_or(std::vector<http::ProblemRule>{}))
      error.violations.push_back(
          {std::move(violation.pointer), std::move(violation.rule), std::move(violation.detail)});
  }
  int wait = 0;
  const auto read = std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), wait);
  if (!retry_after.empty() && read.ec == std::errc{}) error.retry_after = wait;
  else if (error.code == Code::exhausted || error.code == Code::unavailable) error.retry_after = 1;
  return error;
}

}  // namespace svc
