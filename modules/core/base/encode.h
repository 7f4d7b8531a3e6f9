// Writes values as JSON (RFC 8259), straight into text. Fields come in the order of their rows; an absent
// std::optional is left out. Text is expected to be valid UTF-8; what is not becomes U+FFFD.
#pragma once

#include <string>

#include "base/fields.h"

namespace svc {

void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, std::int64_t number);
void append_json(std::string& out, double number);  ///< NaN and infinities, which JSON lacks, become null

template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    append_json(out, std::int64_t{value});
  } else if constexpr (std::is_floating_point_v<T>) {
    append_json(out, double{value});
  } else if constexpr (std::is_same_v<T, Time>) {
    append_json(out, std::string_view{to_rfc3339(value)});
  } else if constexpr (NamedEnum<T>) {
    append_json(out, to_name(value));
  } else if constexpr (std::is_same_v<T, JsonText>) {
    out += value.text;
  } else if constexpr (is_list<T>) {
    out.push_back('[');
    for (bool first = true; const auto& entry : value) {
      if (!first) out.push_back(',');
      first = false;
      append_value(out, entry);
    }
    out.push_back(']');
  } else if constexpr (is_map<T>) {
    out.push_back('{');
    for (bool first = true; const auto& [name, text] : value) {
      if (!first) out.push_back(',');
      first = false;
      append_json(out, std::string_view{name});
      out.push_back(':');
      append_json(out, std::string_view{text});
    }
    out.push_back('}');
  } else if constexpr (Described<T>) {
    out.push_back('{');
    bool first = true;
    each_field<T>([&](const auto& f) {
      const auto& member = value.*f.member;
      const auto put = [&](const auto& present) {
        if (!first) out.push_back(',');
        first = false;
        out.push_back('"');
        out += f.name;
        out += "\":";
        append_value(out, present);
      };
      if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
        if (member) put(*member);
      } else {
        put(member);
      }
    });
    out.push_back('}');
  } else {
    append_json(out, std::string_view{value});
  }
}

/// The JSON text of a value.
template <Described T>
std::string encode(const T& value) {
  std::string out;
  append_value(out, value);
  return out;
}

}  // namespace svc
