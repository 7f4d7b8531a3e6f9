#include "base/schema.h"

namespace svc::detail {

OrderedJson plain_schema(std::string_view type, std::string_view format) {
  OrderedJson schema{{"type", type}};
  if (!format.empty()) schema["format"] = format;
  return schema;
}

OrderedJson enum_schema(const std::vector<std::string_view>& values) { return {{"type", "string"}, {"enum", values}}; }

OrderedJson list_schema(OrderedJson entry) { return {{"type", "array"}, {"items", std::move(entry)}}; }

OrderedJson map_schema() { return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}; }

OrderedJson reference_to(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

void say(OrderedJson& schema, std::string_view keyword, std::int64_t bound) { schema[std::string(keyword)] = bound; }
void say(OrderedJson& schema, std::string_view keyword, std::string_view bound) {
  schema[std::string(keyword)] = bound;
}

void ObjectSchema::add(std::string_view name, OrderedJson schema, bool required) {
  whole_["properties"][std::string(name)] = std::move(schema);
  if (required) required_.push_back(name);
}

OrderedJson ObjectSchema::finish(bool strict) {
  if (!required_.empty()) whole_["required"] = std::move(required_);
  if (strict) whole_["additionalProperties"] = false;
  return std::move(whole_);
}

}  // namespace svc::detail
