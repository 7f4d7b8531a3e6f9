// Fields: one row per data member of a type that travels. Everything that must agree about a type is derived
// from its rows: the JSON codec (encode.h, decode.h), the checks (check.h), the JSON Schema (schema.h), and,
// for options, the configuration keys (config/).
//
//   struct Line {
//     std::string sku;
//     std::int64_t quantity = 0;
//     static constexpr auto fields() {
//       return rows(field(&Line::sku, "sku", "The item ordered", is_sku),
//                         field(&Line::quantity, "quantity", "Units of it", Range{1, 10'000}));
//     }
//   };
//
// A member is a std::string, bool, std::int64_t, int, double, Time, an enum with names, a Described type,
// or a std::optional or std::vector of one of these, a std::map from text to text, or JsonText. std::optional
// and std::map members may be absent, and so may members with a Default; all others are required.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/rules.h"

namespace svc {

template <class T, class M, class... Rules>
struct Field {
  using Member = M;
  M T::* member;
  std::string_view name;  ///< on the wire, camelCase; in options, snake_case
  std::string_view doc;   ///< a sentence without its full stop
  std::tuple<Rules...> rules;
};

template <class T, class M, class... Rules>
constexpr auto field(M T::* member, std::string_view name, std::string_view doc, Rules... rules) {
  return Field<T, M, Rules...>{member, name, doc, {rules...}};
}

/// The rows of a type. Calls `visit(field...)`: a closure over all of them compiles in a fraction of
/// std::tuple's time.
template <class... Fields>
constexpr auto rows(Fields... fields) {
  return [=](auto&& visit) { return visit(fields...); };
}

template <class T>
concept Described = requires { T::fields(); };

namespace detail {
template <Described T>
inline constexpr auto rows_of = T::fields();  // made by the compiler, not at each call
}

/// Calls `visit(field)` for each field of T, in their order.
template <Described T>
constexpr void each_field(auto&& visit) {
  detail::rows_of<T>([&](const auto&... f) { (visit(f), ...); });
}

template <Described T>
constexpr bool has_field(std::string_view name) {
  return detail::rows_of<T>([&](const auto&... f) { return ((f.name == name) || ...); });
}

/// The wire name of one enumerator. An enum travels when its namespace has
/// `constexpr auto names(std::type_identity<E>) { return std::array{EnumName{E::a, "a"}, …}; }`.
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};
template <class E, class... S>
EnumName(E, S...) -> EnumName<E>;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { names(std::type_identity<E>{}); };

/// The names of all its enumerators.
template <NamedEnum E>
constexpr auto texts_of() {
  constexpr auto entries = names(std::type_identity<E>{});
  std::array<std::string_view, entries.size()> texts{};
  for (std::size_t i = 0; i < entries.size(); ++i) texts[i] = entries[i].name;
  return texts;
}
template <NamedEnum E>
constexpr std::string_view to_name(E value) {
  for (const auto& entry : names(std::type_identity<E>{}))
    if (entry.value == value) return entry.name;
  return "";
}
template <NamedEnum E>
constexpr std::optional<E> from_name(std::string_view name) {
  for (const auto& entry : names(std::type_identity<E>{}))
    if (entry.name == name) return entry.value;
  return std::nullopt;
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

/// Names and texts that the writer of a document chooses.
using TextMap = std::map<std::string, std::string>;
template <class T>
inline constexpr bool is_map = std::is_same_v<T, TextMap>;

/// Any JSON value, as its text: what is passed on unread. Whoever sets it sees to it that it is JSON.
struct JsonText {
  std::string text = "null";
  bool operator==(const JsonText&) const = default;
};

/// Whether a document may leave the field out.
template <class T, class M, class... Rules>
constexpr bool may_be_absent(const Field<T, M, Rules...>&) {
  return is_optional<M> || is_map<M> || (is_default<Rules> || ...);
}

}  // namespace svc
