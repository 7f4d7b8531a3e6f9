// Where each field of an operation travels: braces in the path, else the query, or the JSON body of verbs that
// have one. Routes (routes.h), clients (link.h) and documents (openapi.h) agree because they all ask here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/decode.h"
#include "base/encode.h"
#include "base/integer.h"
#include "base/percent.h"
#include "contract/service.h"
#include "http/message.h"

namespace svc::http {

/// Whether the operation's path has a brace of this name.
template <class Op>
constexpr bool in_path(std::string_view name) {
  const std::string_view path = Op::endpoint.path;
  for (auto at = path.find('{'); at != path.npos; at = path.find('{', at + 1))
    if (path.substr(at + 1, path.find('}', at) - at - 1) == name) return true;
  return false;
}
template <class Op>
constexpr bool in_body(std::string_view name) {
  return has_body(Op::endpoint.verb) && !in_path<Op>(name);
}
template <class Op>
constexpr bool takes_body() {
  return svc::detail::rows_of<Op>([](const auto&... f) { return (in_body<Op>(f.name) || ...); });
}

/// Whether a member can stand in a path or query: lists, maps and objects cannot.
template <class M>
inline constexpr bool is_text = !is_list<M> && !is_map<M> && !Described<M>;
template <class M>
inline constexpr bool is_text<std::optional<M>> = is_text<M>;

/// A value as it stands in a path or query.
template <class M>
  requires(is_text<M> && !is_optional<M>)
std::string to_text(const M& value) {
  if constexpr (std::is_same_v<M, bool>) return value ? "true" : "false";
  else if constexpr (std::is_arithmetic_v<M>) return std::to_string(value);
  else if constexpr (std::is_same_v<M, Time>) return to_rfc3339(value);
  else if constexpr (NamedEnum<M>) return std::string(to_name(value));
  else return value;
}

/// Reads what stood in a path or query; a text that does not fit is reported like a wrong type in a body.
template <class M>
void from_text(std::string text, M& value, const Place& at, Violations& found) {
  if constexpr (is_optional<M>) {
    from_text(std::move(text), value.emplace(), at, found);
  } else if constexpr (std::is_same_v<M, bool>) {
    if (text != "true" && text != "false") return svc::detail::wrong_type(at, "true or false", found);
    value = text == "true";
  } else if constexpr (std::is_integral_v<M>) {
    const auto integer = parse_integer<M>(text);
    if (!integer) return svc::detail::wrong_type(at, "an integer", found);
    value = *integer;
  } else {
    svc::detail::decode_member(Json(std::move(text)), value, Unknown::refuse, at, found);
  }
}

/// A value as a segment of a path. Programs on the way may take "." and ".." for steps in the tree (RFC 3986
/// section 5.2.4).
inline std::string segment_of(std::string_view text) {
  if (text == ".") return "%2E";
  if (text == "..") return "%2E%2E";
  return percent_encode(text);
}

// By plain functions where the type allows it, as in decode.h.
namespace detail {

std::string fill(std::string_view path, const std::function<std::string(std::string_view name)>& text_of);
void add_to_query(std::string& query, std::string_view name, std::string_view text);

/// Is given the text of a parameter, or nothing where it is not soundly percent-encoded. Says whether there
/// is such a parameter.
using PutParameter = std::function<bool(std::string_view name, bool is_query, std::optional<std::string> text)>;
void read_parameters(std::string_view path, const Request& request, const PutParameter& put, Violations& found);

}  // namespace detail

/// Fills a path's braces with the fields they name.
template <Described T>
std::string fill_path(std::string_view path, const T& value) {
  return detail::fill(path, [&value](std::string_view name) {
    std::string text;
    each_field<T>([&](const auto& f) {
      using M = std::remove_cvref_t<decltype(value.*f.member)>;
      if constexpr (is_text<M> && !is_optional<M>)
        if (f.name == name) text = to_text(value.*f.member);
    });
    return text;
  });
}

/// "?limit=50&cursor=…", or nothing.
template <class Op>
std::string query_of(const Op& op) {
  std::string query;
  each_field<Op>([&](const auto& f) {
    if (in_path<Op>(f.name) || in_body<Op>(f.name)) return;
    const auto& member = op.*f.member;
    using M = std::remove_cvref_t<decltype(member)>;
    if constexpr (is_text<M> && is_optional<M>) {
      if (member) detail::add_to_query(query, f.name, to_text(*member));
    } else if constexpr (is_text<M>) {
      detail::add_to_query(query, f.name, to_text(member));
    }
  });
  return query;
}

/// The members that travel in the body, as JSON.
template <class Op>
std::string body_of(const Op& op) {
  if constexpr (takes_body<Op>()) {
    std::string body = "{";
    each_field<Op>([&](const auto& f) {
      if (!in_body<Op>(f.name)) return;
      const auto put = [&](const auto& present) {
        body += (body.size() > 1 ? ",\"" : "\"") + std::string(f.name) + "\":";
        append_value(body, present);
      };
      const auto& member = op.*f.member;
      if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
        if (member) put(*member);
      } else {
        put(member);
      }
    });
    return body + "}";
  } else {
    return {};
  }
}

/// Reads path and query of a request into the fields that travel there.
template <class Op>
void read_path_and_query(const Request& request, Op& op, Violations& found) {
  detail::read_parameters(
      Op::endpoint.path, request,
      [&](std::string_view name, bool is_query, std::optional<std::string> text) {
        bool known = false;
        each_field<Op>([&](const auto& f) {
          using M = std::remove_cvref_t<decltype(op.*f.member)>;
          if constexpr (is_text<M>) {
            if (f.name != name || in_body<Op>(f.name) || in_path<Op>(f.name) == is_query) return;
            known = true;
            const Place at{nullptr, f.name};
            if (text) from_text(std::move(*text), op.*f.member, at, found);
            else svc::detail::wrong_type(at, "soundly percent-encoded", found);
          }
        });
        return known;
      },
      found);
}

/// Reads a JSON body into the fields that travel there. Refused as a whole: what is not JSON.
template <class Op>
Result<Nothing> read_body(std::string_view body, Op& op, Violations& found) {
  if (body.empty() && !takes_body<Op>()) return Nothing{};
  const auto json = parse_json(body);
  if (!json) return fail(json.error());
  decode(*json, op, Unknown::refuse, found, nullptr, [](std::string_view name) { return in_body<Op>(name); });
  return Nothing{};
}

}  // namespace svc::http
