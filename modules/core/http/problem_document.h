// The members of a problem document (RFC 9457, with `code` and `errors` as extensions). Internal to core/http;
// others speak of svc::Error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace svc::http {

struct ProblemRule {
  std::string pointer, rule, detail;
  static constexpr auto fields() {
    return rows(field(&ProblemRule::pointer, "pointer", "The field, as a JSON Pointer (RFC 6901)"),
                field(&ProblemRule::rule, "rule", "The JSON Schema keyword that is broken"),
                field(&ProblemRule::detail, "detail", "What is expected, for people"));
  }
};

struct Problem {
  std::string type, title;
  int status = 0;
  std::string detail, code;
  std::optional<std::vector<ProblemRule>> errors;
  static constexpr std::string_view schema_name = "Problem";
  static constexpr auto fields() {
    return rows(field(&Problem::type, "type", "A URI that names the kind of problem"),
                field(&Problem::title, "title", "What the status means"),
                field(&Problem::status, "status", "The HTTP status"),
                field(&Problem::detail, "detail", "What happened, for people"),
                field(&Problem::code, "code", "The reason, for programs; it never changes"),
                field(&Problem::errors, "errors", "Every broken rule"));
  }
};

}  // namespace svc::http
