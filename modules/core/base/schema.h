// JSON Schema (2020-12) of Described types, for OpenAPI and AsyncAPI documents.
#pragma once

#include <nlohmann/json.hpp>

#include "base/fields.h"

namespace svc {

/// Members stay in the order they are written: documents are read by people and compared as text.
using OrderedJson = nlohmann::ordered_json;

/// Named types are collected here, and referred to as "#/components/schemas/<name>".
struct Schemas {
  OrderedJson named = OrderedJson::object();
};

/// A Described type that should have a name in documents says `static constexpr std::string_view schema_name`.
template <class T>
concept NamedSchema = requires { T::schema_name; };

template <class M>
OrderedJson schema_of(Schemas& schemas, bool strict);

namespace detail {

template <class T, class M, class... Rules>
OrderedJson schema_of_field(const Field<T, M, Rules...>& f, Schemas& schemas, bool strict) {
  OrderedJson part = schema_of<M>(schemas, strict);
  part["description"] = f.doc;
  const auto say = [&](std::string_view keyword, const auto& bound) { part[std::string(keyword)] = bound; };
  std::apply([&](const auto&... rule) { (rule.describe(say), ...); }, f.rules);
  return part;
}

template <class T>
OrderedJson schema_of_object(Schemas& schemas, bool strict) {
  OrderedJson whole{{"type", "object"}};
  OrderedJson required = OrderedJson::array();
  each_field<T>([&](const auto& f) {
    whole["properties"][std::string(f.name)] = schema_of_field(f, schemas, strict);
    if (!may_be_absent(f)) required.push_back(f.name);
  });
  if (!required.empty()) whole["required"] = std::move(required);
  if (strict) whole["additionalProperties"] = false;
  return whole;
}

}  // namespace detail

/// `strict`: members that no field describes are refused (commands), not ignored (answers).
template <class M>
OrderedJson schema_of(Schemas& schemas, bool strict) {
  if constexpr (is_optional<M>) {
    return schema_of<typename M::value_type>(schemas, strict);
  } else if constexpr (std::is_same_v<M, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<M>) {
    return {{"type", "integer"}, {"format", sizeof(M) == 8 ? "int64" : "int32"}};
  } else if constexpr (std::is_floating_point_v<M>) {
    return {{"type", "number"}};
  } else if constexpr (std::is_same_v<M, Time>) {
    return {{"type", "string"}, {"format", "date-time"}};
  } else if constexpr (NamedEnum<M>) {
    OrderedJson values = OrderedJson::array();
    for (const auto& entry : names(std::type_identity<M>{})) values.push_back(entry.name);
    return {{"type", "string"}, {"enum", std::move(values)}};
  } else if constexpr (is_list<M>) {
    return {{"type", "array"}, {"items", schema_of<typename M::value_type>(schemas, strict)}};
  } else if constexpr (NamedSchema<M>) {
    if (strict) return detail::schema_of_object<M>(schemas, strict);  // the named one is that of answers
    const std::string name{M::schema_name};
    if (!schemas.named.contains(name)) {
      schemas.named[name] = nullptr;  // taken, should the type hold itself
      auto whole = detail::schema_of_object<M>(schemas, strict);
      schemas.named[name] = std::move(whole);
    }
    return {{"$ref", "#/components/schemas/" + name}};
  } else if constexpr (Described<M>) {
    return detail::schema_of_object<M>(schemas, strict);
  } else {
    static_assert(std::is_same_v<M, std::string>, "no such type can be a field");
    return {{"type", "string"}};
  }
}

}  // namespace svc
