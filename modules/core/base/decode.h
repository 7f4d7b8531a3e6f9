// Reads values from JSON. Strict where a stranger writes, lenient where we read an answer: see Unknown.
// Includes nlohmann/json.hpp, which is slow to compile: only *_http.cpp, store and tool sources include this.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/error.h"
#include "base/fields.h"

namespace svc {

using Json = nlohmann::json;

/// Nesting a document may have.
inline constexpr int max_depth = 64;

/// Parses one JSON document. Refuses (Code::malformed) what is no JSON, duplicate member names, nesting over
/// max_depth, numbers that fit no type (1e999), NUL bytes, and anything behind the document.
Result<Json> parse_json(std::string_view text);

/// What to do about members that no field describes: refuse them in a command, since a misspelt wish would
/// go unheard; ignore them in an answer, since a newer peer may say more.
enum class Unknown { refuse, ignore };

namespace detail {

inline void wrong_type(const Place& at, std::string_view expected, Violations& found) {
  report(found, {at.pointer(), "type", "must be " + std::string(expected)});
}

template <class M>
void decode_value(const Json& json, M& value, Unknown unknown, const Place& at, Violations& found);

void decode_map(const Json& json, TextMap& value, const Place& at, Violations& found);

template <class M>
void decode_integer(const Json& json, M& value, const Place& at, Violations& found) {
  if (!json.is_number_integer()) return wrong_type(at, "an integer", found);
  const bool fits = json.is_number_unsigned()
                        ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<M>::max())
                        : json.get<std::int64_t>() >= std::numeric_limits<M>::min() &&
                              json.get<std::int64_t>() <= std::numeric_limits<M>::max();
  if (fits) value = json.get<M>();
  else report(found, {at.pointer(), "type", "must be an integer of 64 bits"});
}

}  // namespace detail

/// Fills `value` from a JSON object; appends to `found` what does not fit: wrong types, missing and unknown
/// members. Rules are not looked at. Only fields whose name `travels(name)` are expected in the object.
template <Described T, class Travels>
void decode(const Json& json, T& value, Unknown unknown, Violations& found, const Place* at, Travels travels) {
  if (!json.is_object()) {
    report(found, {at ? at->pointer() : "", "type", "must be an object"});
    return;
  }
  each_field<T>([&](const auto& f) {
    if (!travels(f.name)) return;
    const Place here{at, f.name};
    const auto member = json.find(f.name);
    if (member != json.end()) {
      detail::decode_value(*member, value.*f.member, unknown, here, found);
    } else if (!may_be_absent(f)) {
      report(found, {here.pointer(), "required", "is missing"});
    }
  });
  if (unknown == Unknown::refuse)
    for (const auto& [name, ignored] : json.items())
      if (!has_field<T>(name) || !travels(name))
        report(found, {Place{at, name}.pointer(), "additionalProperties", "is not known here"});
}
template <Described T>
void decode(const Json& json, T& value, Unknown unknown, Violations& found, const Place* at = nullptr) {
  decode(json, value, unknown, found, at, [](std::string_view) { return true; });
}

namespace detail {

template <class M>
void decode_value(const Json& json, M& value, Unknown unknown, const Place& at, Violations& found) {
  if constexpr (is_optional<M>) {
    decode_value(json, value.emplace(), unknown, at, found);
  } else if constexpr (std::is_same_v<M, bool>) {
    if (!json.is_boolean()) return wrong_type(at, "true or false", found);
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<M>) {
    decode_integer(json, value, at, found);
  } else if constexpr (std::is_floating_point_v<M>) {
    if (!json.is_number()) return wrong_type(at, "a number", found);
    value = json.get<M>();
  } else if constexpr (std::is_same_v<M, Time>) {
    const auto time = json.is_string() ? from_rfc3339(json.get_ref<const std::string&>()) : std::nullopt;
    if (!time) return wrong_type(at, "a time of RFC 3339 in UTC", found);
    value = *time;
  } else if constexpr (NamedEnum<M>) {
    const auto named = json.is_string() ? from_name<M>(json.get_ref<const std::string&>()) : std::nullopt;
    if (named) {
      value = *named;
      return;
    }
    std::string known;
    for (const auto& entry : names(std::type_identity<M>{}))
      known += (known.empty() ? "" : ", ") + std::string(entry.name);
    report(found, {at.pointer(), "enum", "must be one of " + known});
  } else if constexpr (is_list<M>) {
    if (!json.is_array()) return wrong_type(at, "a list", found);
    value.clear();
    for (std::size_t i = 0; i < json.size(); ++i)
      decode_value(json[i], value.emplace_back(), unknown, Place{&at, {}, i}, found);
  } else if constexpr (is_map<M>) {
    decode_map(json, value, at, found);
  } else if constexpr (Described<M>) {
    decode(json, value, unknown, found, &at);
  } else {
    if (!json.is_string()) return wrong_type(at, "a string", found);
    const auto& text = json.get_ref<const std::string&>();
    if (text.find('\0') != std::string::npos) report(found, {at.pointer(), "pattern", "may not hold U+0000"});
    else value = text;
  }
}

}  // namespace detail

/// Reads what a peer or our own database wrote. What does not fit is a defect there: Code::internal.
template <Described T>
Result<T> decode_answer(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return fail(Code::internal, "foreign_answer", "The answer is no JSON: " + json.error().detail);
  T value{};
  Violations found;
  decode(*json, value, Unknown::ignore, found);
  if (!found.empty())
    return fail(Code::internal, "foreign_answer", "The answer does not fit at " + found.front().pointer);
  return value;
}

}  // namespace svc
