// One row per field gives codec, checks and schema.
#include "base/fields.h"
#include "base/check.h"
#include "base/decode.h"
#include "base/encode.h"
#include "base/ids.h"
#include "base/integer.h"
#include "base/money.h"
#include "base/schema.h"
#include "support/catch.h"

namespace {

using namespace svc;

enum class Colour { red, dark_blue };
constexpr auto names(std::type_identity<Colour>) {
  return std::array{EnumName{Colour::red, "red"}, EnumName{Colour::dark_blue, "dark_blue"}};
}

struct Part {
  std::string name;
  std::int64_t count = 0;
  static constexpr auto fields() {
    return rows(field(&Part::name, "name", "The name", Length{1, 5}),
                field(&Part::count, "count", "How many", Range{1, 10}));
  }
  bool operator==(const Part&) const = default;
};

struct Whole {
  std::string id, mail;
  bool ready = false;
  double weight = 0;
  Colour colour = Colour::red;
  Time at;
  Money price;
  std::optional<std::string> note;
  std::optional<std::int64_t> rank;
  std::vector<Part> parts;
  std::vector<std::string> tags;
  int limit = 50;
  static constexpr auto fields() {
    return rows(field(&Whole::id, "id", "The id", is_uuid_text), field(&Whole::mail, "mail", "The mail", is_email),
                field(&Whole::ready, "ready", "Whether it is"), field(&Whole::weight, "weight", "Its weight"),
                field(&Whole::colour, "colour", "Its colour"), field(&Whole::at, "at", "When"),
                field(&Whole::price, "price", "What it costs"), field(&Whole::note, "note", "A note", Length{2, 20}),
                field(&Whole::rank, "rank", "A rank"), field(&Whole::parts, "parts", "Its parts", Items{1, 2}),
                field(&Whole::tags, "tags", "Its tags"),
                field(&Whole::limit, "limit", "A limit", Range{1, 200}, Default{50}));
  }
  void check_whole(Violations& found) const {
    if (note == "whole") report(found, {"/note", "whole", "is seen by the whole"});
  }
  bool operator==(const Whole&) const = default;
};

Whole sound() {
  Whole whole;
  whole.id = "0190a0a0-0000-7000-8000-000000000001";
  whole.mail = "a@b.example";
  whole.ready = true;
  whole.weight = 0.5;
  whole.colour = Colour::dark_blue;
  whole.at = {1'700'000'000'123};
  whole.price = {5, "EUR"};
  whole.note = "é\"\\\n\x01🙂";
  whole.parts = {{"a", 1}, {"b", 2}};
  whole.tags = {"x", ""};
  return whole;
}

Violations decode_strictly(const std::string& text, Whole& into) {
  Violations found;
  decode(*parse_json(text), into, Unknown::refuse, found);
  if (!found.empty()) add_broken_rules(into, found);
  return found;
}

std::vector<std::string> pointers(const Violations& found) {
  std::vector<std::string> list;
  for (const auto& violation : found) list.push_back(violation.pointer + " " + violation.rule);
  return list;
}

TEST_CASE("what is encoded decodes to the same value") {
  const Whole whole = sound();
  Whole read;
  CHECK(decode_strictly(encode(whole), read).empty());
  CHECK(read == whole);
}

TEST_CASE("fields are written in their order, and absent ones are left out") {
  CHECK(encode(Part{"a\tb", 3}) == R"({"name":"a\tb","count":3})");
  CHECK(encode(sound()).find("rank") == std::string::npos);
}

TEST_CASE("text that is no UTF-8 is written as U+FFFD, so that every answer is JSON") {
  for (const std::string bad : {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    std::string out;
    append_json(out, bad);
    CAPTURE(out);
    CHECK(parse_json(out).has_value());
    CHECK(out.find("\xef\xbf\xbd") != std::string::npos);
  }
}

TEST_CASE("every broken rule is named by its pointer") {
  Whole whole = sound();
  whole.id = "X";
  whole.mail = "nobody";
  whole.price.currency = "ZZZ";
  whole.note = "x";
  whole.parts = {{"", 0}, {"abcdef", 11}, {"c", 1}};
  whole.limit = 0;
  Violations found;
  check(whole, found);
  CHECK(pointers(found) == std::vector<std::string>{"/id format", "/mail format", "/price/currency pattern",
                                                    "/note minLength", "/parts maxItems", "/parts/0/name minLength",
                                                    "/parts/0/count minimum", "/parts/1/name maxLength",
                                                    "/parts/1/count maximum", "/limit minimum"});
}

TEST_CASE("a rule over the whole is checked when each field is sound") {
  Whole whole = sound();
  whole.note = "whole";
  Violations found;
  check(whole, found);
  CHECK(pointers(found) == std::vector<std::string>{"/note whole"});
  whole.limit = 0;
  found.clear();
  check(whole, found);
  CHECK(pointers(found) == std::vector<std::string>{"/limit minimum"});
}

TEST_CASE("one answer names wrong types, missing and unknown members, and broken rules of the rest") {
  Whole whole;
  const auto found = decode_strictly(
      R"({"id":1,"mail":"nobody","ready":"yes","weight":"heavy","colour":"green","at":"noon","price":{"amount":1.5},
          "note":null,"parts":[{"name":"toolong","count":1},{"name":"a","count":9223372036854775808},7],
          "tags":["a",1],"limit":1000,"more":1})",
      whole);
  CHECK(pointers(found) == std::vector<std::string>{"/id type", "/ready type", "/weight type", "/colour enum",
                                                    "/at type", "/price/amount type", "/price/currency required",
                                                    "/note type", "/parts/1/count type", "/parts/2 type",
                                                    "/tags/1 type", "/more additionalProperties", "/mail format",
                                                    "/parts maxItems", "/parts/0/name maxLength", "/limit maximum"});
}

TEST_CASE("integers are integers: no fractions, no text, nothing beyond 64 bits") {
  for (const std::string bad : {"1.0", "1e2", "\"1\"", "true", "null", "9223372036854775808", "-9223372036854775809",
                                "18446744073709551616", "[]", "{}"}) {
    Part part;
    Violations found;
    decode(*parse_json(R"({"name":"a","count":)" + bad + "}"), part, Unknown::refuse, found);
    CAPTURE(bad);
    CHECK(pointers(found) == std::vector<std::string>{"/count type"});
  }
}

TEST_CASE("a text is an integer as a whole or not at all") {
  CHECK(parse_integer<int>("0") == 0);
  CHECK(parse_integer<int>("-007") == -7);
  CHECK(parse_integer<std::int64_t>("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_integer<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const std::string bad : {"", "-", "+1", " 1", "1 ", "1.0", "1e2", "0x1", "1a", "2147483648", "-2147483649"})
    CHECK_FALSE(parse_integer<int>(bad));
  for (const std::string bad : {"-1", "18446744073709551616"}) CHECK_FALSE(parse_integer<std::uint64_t>(bad));
  CHECK_FALSE(parse_integer<int>(std::string_view{}));
}

TEST_CASE("an answer may say more than we know") {
  const auto part = decode_answer<Part>(R"({"name":"a","count":1,"colour":"red"})");
  REQUIRE(part.has_value());
  CHECK(*part == Part{"a", 1});
  CHECK(decode_answer<Part>(R"({"name":"a"})").error().code == Code::internal);
  CHECK(decode_answer<Part>("<html>").error().code == Code::internal);
}

TEST_CASE("what is not one sound JSON document is refused") {
  const std::string deep(max_depth, '['), too_deep(max_depth + 1, '[');
  CHECK(parse_json(deep + std::string(max_depth, ']')).has_value());
  const std::vector<std::string> bad{"",
                                     "{",
                                     "{oops",
                                     "NaN",
                                     "[NaN]",
                                     "[Infinity]",
                                     "[1e999]",
                                     "[-1e999]",
                                     "{\"a\":1,\"a\":1}",
                                     "{\"a\":{\"b\":1,\"c\":2,\"b\":3}}",
                                     too_deep + std::string(max_depth + 1, ']'),
                                     "[1,]",
                                     "{\"a\":1,}",
                                     "1 2",
                                     "[1] x",
                                     "'a'",
                                     "{a:1}",
                                     "\"\xff\"",
                                     "[\"\\ud800\"]",
                                     "// c\n1",
                                     std::string("123\0", 4),
                                     std::string(100'000, '[')};
  for (const auto& text : bad) {
    const auto parsed = parse_json(text);
    CAPTURE(text.substr(0, 80));
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Code::malformed);
  }
}

TEST_CASE("of members that are not wanted, only that they are JSON is looked at") {
  const auto wanted = [](std::string_view name) { return name == "a" || name == "z"; };
  const auto built = [&](std::string_view text) {
    const auto json = parse_json(text, wanted);
    return json ? json->dump() : json.error().detail;
  };
  CHECK(built(R"({"a":{"b":[1,{"c":2}]},"m":{"a":[{"z":1},[]],"n":"x"},"o":[1,2],"p":1.5,"q":null,"z":"y"})") ==
        R"({"a":{"b":[1,{"c":2}]},"z":"y"})");
  CHECK(built(R"({"m":{"a":1}})") == "{}");
  CHECK(built(R"([{"m":1}])") == R"([{"m":1}])");  // of the document itself, where it is an object
  CHECK(built(R"({"m":{"a":1})") == "not JSON at byte 13");
  CHECK(built(R"({"m":[1e999],"a":1})") == "a number is out of range");
  CHECK(built(R"({"a":1,"m":2,"a":3})") == "member \"a\" comes twice");
  const std::string deep(max_depth - 1, '[');
  CHECK(built(R"({"m":)" + deep + std::string(max_depth - 1, ']') + "}") == "{}");
  CHECK(built(R"({"m":[)" + deep + std::string(max_depth - 1, ']') + "]}") ==
        "nested deeper than " + std::to_string(max_depth));
}

TEST_CASE("U+0000 is refused in text: databases end a text there") {
  Part part;
  Violations found;
  decode(*parse_json(R"({"name":"a\u0000b","count":1})"), part, Unknown::refuse, found);
  CHECK(pointers(found) == std::vector<std::string>{"/name pattern"});
}

TEST_CASE("an answer stays small however much is wrong") {
  std::string text = R"({"tags":[0)";
  for (int i = 0; i < 10'000; ++i) text += ",0";
  Whole whole;
  CHECK(decode_strictly(text + "]}", whole).size() == 100);
}

TEST_CASE("the schema states types, rules and what is required") {
  Schemas schemas;
  const auto schema = schema_of<Whole>(schemas, true);
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == OrderedJson({"id", "mail", "ready", "weight", "colour", "at", "price", "parts", "tags"}));
  const auto& properties = schema["properties"];
  CHECK(properties["mail"]["format"] == "email");
  CHECK(properties["colour"]["enum"] == OrderedJson({"red", "dark_blue"}));
  CHECK(properties["at"]["format"] == "date-time");
  CHECK(properties["note"]["minLength"] == 2);
  CHECK(properties["parts"]["maxItems"] == 2);
  CHECK(properties["parts"]["items"]["properties"]["count"]["maximum"] == 10);
  CHECK(properties["limit"]["default"] == 50);
  CHECK(properties["id"]["description"] == "The id");
  schema_of<Money>(schemas, false);
  CHECK(schemas.named["Money"]["properties"]["currency"]["pattern"] == "^[A-Z]{3}$");
}

struct Labelled {
  TextMap labels;
  static constexpr auto fields() {
    return rows(field(&Labelled::labels, "labels", "What its owner notes", Entries{2, {1, 3}, {0, 5}}));
  }
  bool operator==(const Labelled&) const = default;
};

TEST_CASE("a map of texts travels as an object, and may be absent") {
  const Labelled value{{{"b", "x\n\"é"}, {"a", ""}}};
  CHECK(encode(value) == R"({"labels":{"a":"","b":"x\n\"é"}})");
  CHECK(encode(Labelled{}) == R"({"labels":{}})");
  const auto read = [](const std::string& text) {
    Labelled labelled;
    Violations found;
    decode(*parse_json(text), labelled, Unknown::refuse, found);
    if (found.empty()) check(labelled, found);
    return std::pair(labelled, pointers(found));
  };
  using Pointers = std::vector<std::string>;
  CHECK(read(encode(value)) == std::pair(value, Pointers{}));
  CHECK(read("{}") == std::pair(Labelled{}, Pointers{}));
  CHECK(read(R"({"labels":[]})").second == Pointers{"/labels type"});
  CHECK(read(R"({"labels":{"a":1,"b/c":null,"d":{"e":"f"}}})").second ==
        Pointers{"/labels/a type", "/labels/b~1c type", "/labels/d type"});
  CHECK(read(R"({"labels":{"a\u0000":"x","b":"\u0000"}})").second ==
        Pointers{"/labels propertyNames", "/labels/b pattern"});
  CHECK(
      read(R"({"labels":{"":"x","long":"y","a":"toolong"}})").second ==
      Pointers{"/labels maxProperties", "/labels/ propertyNames", "/labels/a maxLength", "/labels/long propertyNames"});
}

TEST_CASE("the schema of a map bounds its entries") {
  Schemas schemas;
  const auto schema = schema_of<Labelled>(schemas, true);
  CHECK_FALSE(schema.contains("required"));
  CHECK(
      schema["properties"]["labels"].dump() ==
      R"({"type":"object","additionalProperties":{"type":"string","maxLength":5},"description":"What its owner notes",)"
      R"("maxProperties":2,"propertyNames":{"minLength":1,"maxLength":3}})");
}

struct Carried {
  JsonText content;
  std::optional<JsonText> more;
  std::vector<JsonText> list;
  static constexpr auto fields() {
    return rows(field(&Carried::content, "content", "Whatever it is"), field(&Carried::more, "more", "More of it"),
                field(&Carried::list, "list", "Much of it"));
  }
  bool operator==(const Carried&) const = default;
};

TEST_CASE("any JSON is carried as it is") {
  CHECK(encode(Carried{}) == R"({"content":null,"list":[]})");
  for (const std::string text : {R"({"a":[1,{"b":null}],"c":"\"é\\\n🙂"})", "[]", "null", "true", "-1.5", R"("{")",
                                 "9223372036854775807", "18446744073709551615"}) {
    const Carried value{{text}, JsonText{text}, {{text}, {text}}};
    const auto written = encode(value);
    CAPTURE(written);
    CHECK(written == R"({"content":)" + text + R"(,"more":)" + text + R"(,"list":[)" + text + "," + text + "]}");
    Carried read;
    Violations found;
    decode(*parse_json(written), read, Unknown::refuse, found);
    CHECK(found.empty());
    CHECK(read == value);
  }
  Carried read;
  Violations found;
  decode(*parse_json(R"({"list":{}})"), read, Unknown::refuse, found);
  CHECK(pointers(found) == std::vector<std::string>{"/content required", "/list type"});
}

TEST_CASE("the schema of any JSON allows all of it") {
  Schemas schemas;
  const auto schema = schema_of<Carried>(schemas, true);
  CHECK(schema["required"] == OrderedJson({"content", "list"}));
  CHECK(schema["properties"]["content"].dump() == R"({"description":"Whatever it is"})");
  CHECK(schema["properties"]["list"]["items"].dump() == "{}");
}

TEST_CASE("formats") {
  for (const std::string good : {"a@b.co", "first.last+tag@sub.example.com", "o'neil@example.org", "A@B.CO"})
    CHECK(is_email_address(good));
  for (const std::string bad : {"", "@", "a@", "@b.co", "a@b", "a b@c.de", ".a@b.co", "a.@b.co", "a..b@c.de", "a@-b.co",
                                "a@b..co", "a@b.co.", "a@b.co\n", "ä@b.co", "a@b@c.de", "\"a\"@b.co"})
    CHECK_FALSE(is_email_address(bad));
  CHECK_FALSE(is_email_address(std::string(65, 'a') + "@b.co"));
  CHECK(is_currency_code("KRW"));
  CHECK_FALSE(is_currency_code("krw"));
  CHECK_FALSE(is_currency_code("ABC"));
  CHECK(is_slug_text("a-1_B.c"));
  for (const std::string bad : {"", "-a", "a b", "a/b", "../a", "ä"}) CHECK_FALSE(is_slug_text(bad));
  CHECK(is_visible_text("Zoë 🙂"));
  for (const std::string bad : {"", "  ", "a\nb", "a\x7f"}) CHECK_FALSE(is_visible_text(bad));
  CHECK(code_points("aé🙂") == 3);
}

TEST_CASE("times") {
  CHECK(to_rfc3339({0}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339({1'709'210'096'789}) == "2024-02-29T12:34:56.789Z");
  for (const std::string same : {"2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.789999Z"})
    CHECK(from_rfc3339(same) == Time{1'709'210'096'789});
  CHECK(from_rfc3339("2024-02-29T12:34:56Z") == Time{1'709'210'096'000});
  for (const std::string bad : {"", "2024-02-30T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29T12:34:56", "2024-02-29",
                                "2024-02-29T12:34:56+01:00", "2024-02-29T12:34:56.Z", "2024-02-29T12:34:56Zx"})
    CHECK_FALSE(from_rfc3339(bad));
}

TEST_CASE("ids are UUIDs of version 7 that ascend, also when the clock steps back") {
  ManualClock clock({1'700'000'000'000});
  Uuid7 ids(clock);
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) clock.advance(milliseconds{-60'000});
    const auto id = ids.next();
    REQUIRE(is_uuid(id));
    REQUIRE(id[14] == '7');
    REQUIRE((id[19] == '8' || id[19] == '9' || id[19] == 'a' || id[19] == 'b'));
    REQUIRE(last < id);
    last = id;
  }
}

}  // namespace
