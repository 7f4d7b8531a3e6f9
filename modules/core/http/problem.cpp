#include "http/problem.h"

#include "base/decode.h"
#include "base/encode.h"
#include "base/integer.h"
#include "http/problem_document.h"

namespace svc {
namespace {

using http::Problem;

Problem problem_of(int status, std::string_view title, std::string_view reason, std::string_view detail) {
  return {"urn:svc:problem:" + std::string(reason),
          std::string(title),
          status,
          std::string(detail),
          std::string(reason),
          {}};
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
    // RFC 6750 section 3: the error attribute is about a token that was shown.
    const bool shown = error.reason == "token_invalid" || error.reason == "account_gone";
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
  error.code = Code::unavailable;
  auto problem = decode_answer<Problem>(body);
  // Whoever answers with a status of its own and no problem of ours knows nothing of what was asked. The same goes
  // for a program of ours that has no such route: it is another module, or another version.
  const bool knows = problem && problem->code != "no_such_route" && problem->code != "method_not_allowed";
  if (knows || status >= 500) error.code = code_of(status).value_or(error.code);
  if (problem) {
    error.reason = std::move(problem->code);
    error.detail = std::move(problem->detail);
    for (auto& violation : problem->errors.value_or(std::vector<http::ProblemRule>{}))
      error.violations.push_back(
          {std::move(violation.pointer), std::move(violation.rule), std::move(violation.detail)});
  }
  // A date (RFC 9110 section 10.2.3) is nothing we send.
  const auto wait = parse_integer<int>(retry_after);
  if (wait && *wait >= 0) error.retry_after = *wait;
  else if (error.code == Code::exhausted || error.code == Code::unavailable) error.retry_after = 1;
  return error;
}

}  // namespace svc
