// Reads values from JSON. Strict where a stranger writes, lenient where we read an answer: see Unknown.
// Includes nlohmann/json.hpp, which is slow to compile: only *_http.cpp, store and tool sources include this.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/error.h"
#include "base/fields.h"

namespace svc {

using Json = nlohmann::json;

/// Nesting a document may have.
inline constexpr int max_depth = 64;

/// Parses one JSON document. Refuses (Code::malformed) what is no JSON, duplicate member names, nesting over
/// max_depth, numbers that fit no type (1e999), NUL bytes, and anything behind the document.
/// `wanted`: of an object's members only these are built; what the others hold is read over, and need only be JSON.
/// Null: all.
using Wanted = bool (*)(std::string_view name);
Result<Json> parse_json(std::string_view text, Wanted wanted = nullptr);

/// What to do about members that no field describes: refuse them in a command, since a misspelt wish would
/// go unheard; ignore them in an answer, since a newer peer may say more.
enum class Unknown { refuse, ignore };

namespace detail {

// By plain functions where the type allows it: what is instantiated for each type and field is only the calls
// of them.
void wrong_type(const Place& at, std::string_view expected, Violations& found);
void decode_value(const Json& json, bool& value, const Place& at, Violations& found);
void decode_value(const Json& json, double& value, const Place& at, Violations& found);
void decode_value(const Json& json, std::int64_t& value, const Place& at, Violations& found);
void decode_value(const Json& json, int& value, const Place& at, Violations& found);
void decode_value(const Json& json, Time& value, const Place& at, Violations& found);
void decode_value(const Json& json, std::string& value, const Place& at, Violations& found);
void decode_value(const Json& json, TextMap& value, const Place& at, Violations& found);
void decode_value(const Json& json, JsonText& value, const Place& at, Violations& found);

/// The text of a name; nothing, and reported, if it is none of these.
std::optional<std::string_view> decode_name(const Json& json, std::span<const std::string_view> known, const Place& at,
                                            Violations& found);

bool is_object(const Json& json, const Place* at, Violations& found);
bool is_array(const Json& json, const Place& at, Violations& found);
/// Null if there is none.
const Json* find_member(const Json& object, std::string_view name);
void refuse_unknown(const Json& object, const std::function<bool(std::string_view)>& is_known, const Place* at,
                    Violations& found);

template <class M>
void decode_member(const Json& json, M& value, Unknown unknown, const Place& at, Violations& found);

}  // namespace detail

/// Fills `value` from a JSON object; appends to `found` what does not fit: wrong types, missing and unknown
/// members. Rules are not looked at. Only fields whose name `travels(name)` are expected in the object.
template <Described T, class Travels>
void decode(const Json& json, T& value, Unknown unknown, Violations& found, const Place* at, Travels travels) {
  if (!detail::is_object(json, at, found)) return;
  each_field<T>([&](const auto& f) {
    if (!travels(f.name)) return;
    const Place here{at, f.name};
    if (const Json* member = detail::find_member(json, f.name)) {
      detail::decode_member(*member, value.*f.member, unknown, here, found);
    } else if (!may_be_absent(f)) {
      report(found, here, "required", "is missing");
    }
  });
  if (unknown == Unknown::refuse)
    detail::refuse_unknown(json, [&](std::string_view name) { return has_field<T>(name) && travels(name); }, at, found);
}
template <Described T>
void decode(const Json& json, T& value, Unknown unknown, Violations& found, const Place* at = nullptr) {
  decode(json, value, unknown, found, at, [](std::string_view) { return true; });
}

namespace detail {

template <class M>
void decode_member(const Json& json, M& value, Unknown unknown, const Place& at, Violations& found) {
  if constexpr (is_optional<M>) {
    const auto faults = found.size();
    decode_member(json, value.emplace(), unknown, at, found);
    if (found.size() != faults) value.reset();  // what could not be read is not there
  } else if constexpr (NamedEnum<M>) {
    constexpr auto texts = texts_of<M>();
    if (const auto name = decode_name(json, texts, at, found)) value = *from_name<M>(*name);
  } else if constexpr (is_list<M>) {
    if (!is_array(json, at, found)) return;
    value.clear();
    for (std::size_t i = 0; i < json.size(); ++i)
      decode_member(json[i], value.emplace_back(), unknown, Place{&at, {}, i}, found);
  } else if constexpr (Described<M>) {
    decode(json, value, unknown, found, &at);
  } else {
    decode_value(json, value, at, found);
  }
}

}  // namespace detail

/// Reads what a peer or our own database wrote. What does not fit is a defect there: Code::internal.
template <Described T>
Result<T> decode_answer(std::string_view text) {
  auto json = parse_json(text, [](std::string_view name) { return has_field<T>(name); });
  if (!json) return fail(Code::internal, "foreign_answer", "The answer is no JSON: " + json.error().detail);
  T value{};
  Violations found;
  decode(*json, value, Unknown::ignore, found);
  if (!found.empty())
    return fail(Code::internal, "foreign_answer", "The answer does not fit at " + found.front().pointer);
  return value;
}

}  // namespace svc
