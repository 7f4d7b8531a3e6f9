#include "base/decode.h"

#include <algorithm>
#include <utility>

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

  explicit StrictReader(Wanted wanted) : wanted_(wanted) {}

  Json document;
  std::string fault;

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) { return put(value); }
  bool number_unsigned(number_unsigned_t value) { return put(value); }
  bool number_float(number_float_t value, const string_t&) { return put(value); }
  // Names and texts are copied: moved away, the parser's buffer would have to grow anew for the next one.
  bool string(const string_t& value) { return put(value); }
  bool binary(binary_t&) { return stop("binary values are no JSON"); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(const string_t& name) {
    if (passed_over_ > 0) return true;
    if (wanted_ != nullptr && open_.size() == 1 && !wanted_(name)) {
      passing_over_ = true;
      return true;
    }
    auto [member, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(name, nullptr);
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
  template <class Value>
  bool put(const Value& value) {
    if (passed_over_ == 0 && !std::exchange(passing_over_, false)) place(value);
    return true;
  }
  bool open(Json container) {
    if (open_.size() + passed_over_ == static_cast<std::size_t>(max_depth))
      return stop("nested deeper than " + std::to_string(max_depth));
    if (passed_over_ > 0 || std::exchange(passing_over_, false)) ++passed_over_;
    else open_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    if (passed_over_ > 0) --passed_over_;
    else open_.pop_back();
    return true;
  }
  bool stop(std::string why) {
    if (fault.empty()) fault = std::move(why);
    return false;
  }

  std::vector<Json*> open_;  // a child is finished before its parent gets another, so pointers stay valid
  Json* member_ = nullptr;
  const Wanted wanted_;
  bool passing_over_ = false;    // the value that comes next
  std::size_t passed_over_ = 0;  // objects and lists that are open and not built
};

}  // namespace

namespace detail {
namespace {

template <class Integer>
void decode_integer(const Json& json, Integer& value, const Place& at, Violations& found) {
  if (!json.is_number_integer()) return wrong_type(at, "an integer", found);
  const bool fits = json.is_number_unsigned() ? std::in_range<Integer>(json.get<std::uint64_t>())
                                              : std::in_range<Integer>(json.get<std::int64_t>());
  if (fits) value = json.get<Integer>();
  else report(found, at, "type", "must be an integer of 64 bits");
}

}  // namespace

void wrong_type(const Place& at, std::string_view expected, Violations& found) {
  report(found, at, "type", "must be " + std::string(expected));
}

void decode_value(const Json& json, bool& value, const Place& at, Violations& found) {
  if (!json.is_boolean()) return wrong_type(at, "true or false", found);
  value = json.get<bool>();
}

void decode_value(const Json& json, double& value, const Place& at, Violations& found) {
  if (!json.is_number()) return wrong_type(at, "a number", found);
  value = json.get<double>();
}

void decode_value(const Json& json, std::int64_t& value, const Place& at, Violations& found) {
  decode_integer(json, value, at, found);
}

void decode_value(const Json& json, int& value, const Place& at, Violations& found) {
  decode_integer(json, value, at, found);
}

void decode_value(const Json& json, Time& value, const Place& at, Violations& found) {
  const auto time = json.is_string() ? from_rfc3339(json.get_ref<const std::string&>()) : std::nullopt;
  if (!time) return wrong_type(at, "a time of RFC 3339 in UTC", found);
  value = *time;
}

void decode_value(const Json& json, std::string& value, const Place& at, Violations& found) {
  if (!json.is_string()) return wrong_type(at, "a string", found);
  const auto& text = json.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) report(found, at, "pattern", "may not hold U+0000");
  else value = text;
}

void decode_value(const Json& json, TextMap& value, const Place& at, Violations& found) {
  if (!json.is_object()) return wrong_type(at, "an object", found);
  value.clear();
  for (const auto& [name, text] : json.items()) {
    if (name.find('\0') != std::string::npos) report(found, at, "propertyNames", "may not hold U+0000");
    else decode_value(text, value[name], Place{&at, name}, found);
  }
}

void decode_value(const Json& json, JsonText& value, const Place&, Violations&) { value.text = json.dump(); }

std::optional<std::string_view> decode_name(const Json& json, std::span<const std::string_view> known, const Place& at,
                                            Violations& found) {
  if (json.is_string())
    if (const auto name = std::ranges::find(known, json.get_ref<const std::string&>()); name != known.end())
      return *name;
  std::string all;
  for (const auto name : known) all += (all.empty() ? "" : ", ") + std::string(name);
  report(found, at, "enum", "must be one of " + all);
  return std::nullopt;
}

bool is_object(const Json& json, const Place* at, Violations& found) {
  if (json.is_object()) return true;
  report(found, {at ? at->pointer() : "", "type", "must be an object"});
  return false;
}

bool is_array(const Json& json, const Place& at, Violations& found) {
  if (json.is_array()) return true;
  wrong_type(at, "a list", found);
  return false;
}

const Json* find_member(const Json& object, std::string_view name) {
  const auto member = object.find(name);
  return member == object.end() ? nullptr : &*member;
}

void refuse_unknown(const Json& object, const std::function<bool(std::string_view)>& is_known, const Place* at,
                    Violations& found) {
  for (const auto& [name, ignored] : object.items())
    if (!is_known(name)) report(found, Place{at, name}, "additionalProperties", "is not known here");
}

}  // namespace detail

Result<Json> parse_json(std::string_view text, Wanted wanted) {
  // The parser takes a trailing NUL for the end of its input.
  if (text.find('\0') != std::string_view::npos) return fail(Code::malformed, "malformed_json", "holds a NUL byte");
  StrictReader reader(wanted);
  if (!Json::sax_parse(text, &reader)) return fail(Code::malformed, "malformed_json", std::move(reader.fault));
  return std::move(reader.document);
}

}  // namespace svc
