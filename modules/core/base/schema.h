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

// Built by plain functions: what is instantiated for each type and field is only the calls of them.
namespace detail {

OrderedJson plain_schema(std::string_view type, std::string_view format = {});
OrderedJson enum_schema(const std::vector<std::string_view>& values);
OrderedJson list_schema(OrderedJson entry);
OrderedJson reference_to(std::string_view name);
OrderedJson map_schema();
void say(OrderedJson& schema, std::string_view keyword, std::int64_t bound);
void say(OrderedJson& schema, std::string_view keyword, std::string_view bound);

/// An object's schema under construction.
class ObjectSchema {
 public:
  void add(std::string_view name, OrderedJson schema, bool required);
  OrderedJson finish(bool strict);

 private:
  OrderedJson whole_ = plain_schema("object");
  OrderedJson required_ = OrderedJson::array();
};

/// What rules are described to.
struct Statement {
  OrderedJson& schema;
  void operator()(std::string_view keyword, auto bound) const { say(schema, keyword, bound); }
  /// Of the schema that `part` of this one holds.
  void operator()(std::string_view part, std::string_view keyword, std::int64_t bound) const {
    say(schema[std::string(part)], keyword, bound);
  }
};

template <class T, class M, class... Rules>
OrderedJson schema_of_field(const Field<T, M, Rules...>& f, Schemas& schemas, bool strict) {
  OrderedJson part = schema_of<M>(schemas, strict);
  say(part, "description", f.doc);
  const Statement state{part};
  std::apply([&](const auto&... rule) { (rule.describe(state), ...); }, f.rules);
  return part;
}

template <class T>
OrderedJson schema_of_object(Schemas& schemas, bool strict) {
  ObjectSchema object;
  each_field<T>([&](const auto& f) { object.add(f.name, schema_of_field(f, schemas, strict), !may_be_absent(f)); });
  return object.finish(strict);
}

}  // namespace detail

/// `strict`: members that no field describes are refused (commands), not ignored (answers).
template <class M>
OrderedJson schema_of(Schemas& schemas, bool strict) {
  if constexpr (is_optional<M>) {
    return schema_of<typename M::value_type>(schemas, strict);
  } else if constexpr (std::is_same_v<M, bool>) {
    return detail::plain_schema("boolean");
  } else if constexpr (std::is_integral_v<M>) {
    return detail::plain_schema("integer", sizeof(M) == 8 ? "int64" : "int32");
  } else if constexpr (std::is_floating_point_v<M>) {
    return detail::plain_schema("number");
  } else if constexpr (std::is_same_v<M, Time>) {
    return detail::plain_schema("string", "date-time");
  } else if constexpr (NamedEnum<M>) {
    std::vector<std::string_view> values;
    for (const auto& entry : names(std::type_identity<M>{})) values.push_back(entry.name);
    return detail::enum_schema(values);
  } else if constexpr (is_list<M>) {
    return detail::list_schema(schema_of<typename M::value_type>(schemas, strict));
  } else if constexpr (is_map<M>) {
    return detail::map_schema();
  } else if constexpr (std::is_same_v<M, JsonText>) {
    return OrderedJson::object();
  } else if constexpr (NamedSchema<M>) {
    if (strict) return detail::schema_of_object<M>(schemas, strict);  // the named one is that of answers
    const std::string name{M::schema_name};
    if (!schemas.named.contains(name)) {
      schemas.named[name] = nullptr;  // taken, should the type hold itself
      auto whole = detail::schema_of_object<M>(schemas, strict);
      schemas.named[name] = std::move(whole);
    }
    return detail::reference_to(name);
  } else if constexpr (Described<M>) {
    return detail::schema_of_object<M>(schemas, strict);
  } else {
    static_assert(std::is_same_v<M, std::string>, "no such type can be a field");
    return detail::plain_schema("string");
  }
}

}  // namespace svc
