#include "base/decode.h"

#include <unordered_set>

namespace svc {
namespace {

// Builds a document from the parser's events, and stops where nlohmann::json::parse would go on: at a member
// name that came before, and at the 65th level (100,000 levels parse, and then dump() overflows the
// stack).
class StrictReader {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Json document;
  std::string fault;

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) { return put(value); }
  bool number_unsigned(number_unsigned_t value) { return put(value); }
  bool number_float(number_float_t value, const string_t&) { return put(value); }
  bool string(string_t& value) { return put(std::move(value)); }
  bool binary(binary_t&) { return stop("binary values are no JSON"); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    auto [member, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(std::move(name), nullptr);
    if (!is_new) return stop("member \"" + member->first + "\" comes twice");
    member_ = &member->second;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) {
    // Its text quotes what was read; the position is enough, and repeats nothing that might be a secret.
    const auto* at = dynamic_cast<const Json::parse_error*>(&error);
    return stop(at ? "not JSON at byte " + std::to_string(at->byte) : "a number is out of range");
  }

 private:
  Json* place(Json value) {
    if (open_.empty()) return &(document = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (open_.size() == static_cast<std::size_t>(max_depth))
      return stop("nested deeper than " + std::to_string(max_depth));
    open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool stop(std::string why) {
    if (fault.empty()) fault = std::move(why);
    return false;
  }

  std::vector<Json*> open_;  // a child is finished before its parent gets another, so pointers stay valid
  Json* member_ = nullptr;
};

}  // namespace

void detail::decode_map(const Json& json, TextMap& value, const Place& at, Violations& found) {
  if (!json.is_object()) return wrong_type(at, "an object", found);
  value.clear();
  for (const auto& [name, text] : json.items()) {
    if (name.find('\0') != std::string::npos) report(found, {at.pointer(), "propertyNames", "may not hold U+0000"});
    else decode_value(text, value[name], Unknown::refuse, Place{&at, name}, found);
  }
}

Result<Json> parse_json(std::string_view text) {
  // The parser takes a trailing NUL for the end of its input.
  if (text.find('\0') != std::string_view::npos) return fail(Code::malformed, "malformed_json", "holds a NUL byte");
  StrictReader reader;
  if (!Json::sax_parse(text, &reader)) return fail(Code::malformed, "malformed_json", std::move(reader.fault));
  return std::move(reader.document);
}

}  // namespace svc
