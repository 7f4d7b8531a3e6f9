// Rules a field may carry. A rule knows three things: whether a value keeps it, how to say so to a person,
// and which JSON Schema keywords state it (JSON Schema 2020-12, the dialect of OpenAPI 3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace svc {

/// A rule that was not kept: the schema keyword, and a sentence's end such as "at least 1".
struct Broken {
  std::string_view keyword;
  std::string detail;
};

/// Whether it is UTF-8 (RFC 3629): no overlong forms, surrogates, or code points beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// Unicode code points in valid UTF-8; JSON Schema counts these.
std::size_t code_points(std::string_view utf8);

/// Length of a string in code points, both ends included.
struct Length {
  std::int64_t min, max;
  std::optional<Broken> check(std::string_view) const;
  void describe(auto&& say) const {
    if (min > 0) say("minLength", min);
    say("maxLength", max);
  }
};

/// Both ends included.
struct Range {
  std::int64_t min, max;
  std::optional<Broken> check(std::int64_t) const;
  void describe(auto&& say) const {
    say("minimum", min);
    say("maximum", max);
  }
};

/// Number of members of a list, both ends included.
struct Items {
  std::int64_t min, max;
  template <class List>
  std::optional<Broken> check(const List& list) const {
    return check_count(list.size());
  }
  std::optional<Broken> check_count(std::size_t) const;
  void describe(auto&& say) const {
    say("minItems", min);
    say("maxItems", max);
  }
};

/// Of a std::map from text to text: how many entries it may have, and the length of their names and texts.
struct Entries {
  std::int64_t max;
  Length name, text;
  template <class Map>
  std::optional<Broken> check(const Map& map) const {
    return check_count(map.size());
  }
  std::optional<Broken> check_count(std::size_t) const;
  /// One entry; the keyword is "propertyNames" where its name is at fault.
  std::optional<Broken> check_entry(std::string_view entry_name, std::string_view entry_text) const;
  void describe(auto&& say) const {
    say("maxProperties", max);
    name.describe([&](std::string_view keyword, std::int64_t bound) { say("propertyNames", keyword, bound); });
    text.describe([&](std::string_view keyword, std::int64_t bound) { say("additionalProperties", keyword, bound); });
  }
};

/// A regular expression for others, and the same as a function for us: nothing here is slow on bad input.
struct Pattern {
  std::string_view regex;  ///< ECMA 262, anchored
  bool (*holds)(std::string_view);
  std::string_view words;  ///< what is expected: "a currency of ISO 4217"
  std::optional<Broken> check(std::string_view) const;
  void describe(auto&& say) const { say("pattern", regex); }
};

/// A format that JSON Schema names.
struct Format {
  std::string_view name;
  bool (*holds)(std::string_view);
  std::string_view words;
  std::optional<Broken> check(std::string_view) const;
  void describe(auto&& say) const { say("format", name); }
};

/// Not a check: the value that stands when the field is left out. The member's initialiser must be the same.
template <class V>
struct Default {
  V value;
  template <class T>
  std::optional<Broken> check(const T&) const {
    return std::nullopt;
  }
  void describe(auto&& say) const { say("default", value); }
};
Default(const char*) -> Default<std::string_view>;
Default(int) -> Default<std::int64_t>;
template <class T>
inline constexpr bool is_default = false;
template <class V>
inline constexpr bool is_default<Default<V>> = true;

bool is_email_address(std::string_view);
bool is_currency_code(std::string_view);
bool is_slug_text(std::string_view);
bool is_visible_text(std::string_view);
bool is_host_text(std::string_view);
bool is_canonical_uuid(std::string_view);

/// local@domain as most systems take it: RFC 5321 dot-string and a domain of two labels or more, ASCII.
inline constexpr Format is_email{"email", is_email_address, "an e-mail address"};
/// Lower-case canonical form of RFC 9562.
inline constexpr Format is_uuid_text{"uuid", is_canonical_uuid, "a UUID in lower case"};
/// An active currency of ISO 4217.
inline constexpr Pattern is_currency{"^[A-Z]{3}$", is_currency_code, "a currency of ISO 4217"};
/// What may stand in a path unescaped.
inline constexpr Pattern is_slug{"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", is_slug_text,
                                 "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"};
/// What a host's name or address is written with. Whether it is one is for who uses it (http/host_rules.h).
inline constexpr Pattern is_host{"^[A-Za-z0-9._:-]{1,253}$", is_host_text, "a host's name or address, without port"};
/// No control characters, and something other than spaces.
inline constexpr Pattern is_visible{"^[^\\u0000-\\u001F\\u007F]*[^\\u0000-\\u0020\\u007F][^\\u0000-\\u001F\\u007F]*$",
                                    is_visible_text, "text without control characters, and not blank"};

}  // namespace svc
