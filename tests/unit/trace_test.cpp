#include "base/hex.h"
#include "base/ids.h"
#include "contract/call.h"
#include "support/catch.h"

namespace {

using namespace svc;

TEST_CASE("hexadecimal digits are read as they are written, or not at all") {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0x0123456789abcdef}, ~std::uint64_t{0}}) {
    std::string text(16, ' ');
    put_hex(text.data(), value, 16);
    CHECK(read_hex(text) == value);
  }
  CHECK(read_hex("f0") == 0xf0);
  for (const auto* bad : {"", "F0", "0x1", "g", " 1", "-1", "00000000000000000"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_hex(bad).has_value());
  }
}

TEST_CASE("a traceparent is well-formed or none") {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto trace = read_traceparent(good);
  REQUIRE(trace.has_value());
  CHECK(to_text(trace->id) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(to_text(trace->parent) == "b7ad6b7169203331");
  CHECK(traceparent(*trace) == good);
  CHECK(traceparent(*trace, 0xab) == "00-0af7651916cd43dd8448eb211c80319c-00000000000000ab-01");
  CHECK(traceparent(read_traceparent(good.substr(0, 53) + "00").value()).ends_with("-00"));
  const auto flags = [&](const char* sent) { return traceparent(read_traceparent(good.substr(0, 53) + sent).value()); };
  CHECK(flags("ff").ends_with("-01"));  // what is not known is not passed on
  CHECK(flags("fe").ends_with("-00"));
  CHECK(read_traceparent("01" + good.substr(2)) == trace);
  CHECK(read_traceparent("fe" + good.substr(2) + "-more") == trace);
  CHECK_FALSE(read_traceparent("fe" + good.substr(2) + "more").has_value());
  CHECK_FALSE(read_traceparent("ff" + good.substr(2)).has_value());
  const auto with = [&](std::size_t at, char c) {
    std::string bad = good;
    bad[at] = c;
    return bad;
  };
  for (const auto& bad :
       {std::string(), good.substr(1), good + "0", good + "-00", " " + good.substr(1), with(1, 'g'), with(0, 'F'),
        with(2, '_'), with(35, '0'), with(52, '0'), with(3, 'A'), with(3, 'g'), with(36, 'B'), with(36, ' '),
        with(53, 'x'), with(54, 'F'), "00-" + std::string(32, '0') + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + std::string(16, '0') + "-01"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_traceparent(bad).has_value());
  }
}

TEST_CASE("a request that came with no trace has one named after it, or one of chance") {
  const std::string uuid = "0190a0a0-1111-7222-8333-444444444444";
  const auto named = Origin::of(uuid);
  CHECK(to_text(named.trace.id) == "0190a0a0111172228333444444444444");
  CHECK(uuid_of(named.number) == uuid);
  for (const std::string other :
       {"", "my request", "0190A0A0-1111-7222-8333-444444444444", "00000000-0000-0000-0000-000000000000",
        "11111111-1111-1111-0000-000000000000", "00000000-0000-0000-8111-111111111111"}) {
    CAPTURE(other);
    const auto once = Origin::of(other), again = Origin::of(other);
    CHECK(once.number == again.number);
    CHECK_FALSE(uuid_of(once.number).has_value());
    CHECK_FALSE(once.trace.id == again.trace.id);
    CHECK(read_traceparent(traceparent(once.trace)).has_value());
  }
  CHECK_FALSE(Origin::of("one").number == Origin::of("another").number);
}

}  // namespace
