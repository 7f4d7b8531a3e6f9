// The one error vocabulary of the system.
//
// Every operation answers a Result: a value, or an Error. An Error means the same whether the operation ran
// in this process or behind HTTP: each Code has exactly one HTTP status (the table below), so an Error can be
// written as an RFC 9457 problem document and read back unchanged (http/problem.h does both).
// Exceptions are for defects and broken infrastructure; they end at the door (contract/door.h).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace svc {

/// What the caller should do about a refusal. The precise reason is Error::reason.
enum class Code {
  malformed,        ///< Send something that can be read.
  unauthenticated,  ///< Sign in, or renew the token.
  forbidden,        ///< Ask somebody with the right to do it.
  not_found,        ///< Look elsewhere: it is not there, or not yours.
  conflict,         ///< Look at the present state before trying again.
  invalid,          ///< Mend the fields that are named.
  wrong_method,     ///< Use one of the methods that the answer's Allow header names.
  too_slow,         ///< Send it again, without pauses.
  too_large,        ///< Send less.
  unsupported,      ///< Send it as JSON, unencoded.
  exhausted,        ///< Come back after Error::retry_after: a limit was met.
  unavailable,      ///< Try again later. Of a command: it may have happened.
  timeout,          ///< The deadline passed. Of a command: it may have happened.
  internal,         ///< Report it: a defect, told in the log.
};

struct CodeTraits {
  Code code;
  int status;              ///< HTTP status (RFC 9110 section 15, RFC 6585 for 429)
  std::string_view name;   ///< for labels and logs
  std::string_view title;  ///< the problem document's title
};

inline constexpr std::array<CodeTraits, 14> code_table{{
    {Code::malformed, 400, "malformed", "The request cannot be read"},
    {Code::unauthenticated, 401, "unauthenticated", "Credentials are missing or wrong"},
    {Code::forbidden, 403, "forbidden", "The caller may not do this"},
    {Code::not_found, 404, "not_found", "No such thing"},
    {Code::conflict, 409, "conflict", "The present state does not allow it"},
    {Code::invalid, 422, "invalid", "The request breaks a rule of the contract"},
    {Code::wrong_method, 405, "wrong_method", "The method does not exist here"},
    {Code::too_slow, 408, "too_slow", "The request came too slowly"},
    {Code::too_large, 413, "too_large", "The request is too large"},
    {Code::unsupported, 415, "unsupported", "The request's form is not understood"},
    {Code::exhausted, 429, "exhausted", "A limit was met"},
    {Code::unavailable, 503, "unavailable", "The service cannot do this now"},
    {Code::timeout, 504, "timeout", "No answer in time"},
    {Code::internal, 500, "internal", "The service failed"},
}};

constexpr const CodeTraits& traits(Code code) { return code_table[static_cast<std::size_t>(code)]; }
constexpr std::optional<Code> code_of(int status) {
  for (const auto& known : code_table)
    if (known.status == status) return known.code;
  return std::nullopt;
}

/// One broken rule of a request.
struct Violation {
  std::string pointer;  ///< the field, as a JSON Pointer (RFC 6901): "/items/0/quantity"
  std::string rule;     ///< the JSON Schema keyword that is broken: "minimum"
  std::string detail;   ///< for people: "at least 1"
  bool operator==(const Violation&) const = default;
};
using Violations = std::vector<Violation>;

struct Error {
  Code code = Code::internal;
  std::string reason;                ///< stable, for programs, snake_case: "out_of_stock"
  std::string detail;                ///< for people; never parsed
  Violations violations{};           ///< with Code::invalid: every broken rule
  std::optional<int> retry_after{};  ///< seconds; always there with exhausted and unavailable
  bool operator==(const Error&) const = default;
};

/// A value or the Error that took its place.
template <class T>
using Result = tl::expected<T, Error>;

/// The answer of an operation that has nothing to say but "done".
struct Nothing {
  bool operator==(const Nothing&) const = default;
};

/// `return fail(Code::conflict, "out_of_stock", "…");`
inline tl::unexpected<Error> fail(Code code, std::string reason, std::string detail = {}) {
  Error error{code, std::move(reason), std::move(detail)};
  if (code == Code::exhausted || code == Code::unavailable) error.retry_after = 1;
  return tl::unexpected(std::move(error));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected(std::move(error)); }

/// Hands a refusal on: `if (!stock) return refusal(stock);`
template <class T>
tl::unexpected<Error> refusal(Result<T>& failed) {
  return tl::unexpected(std::move(failed.error()));
}

}  // namespace svc
