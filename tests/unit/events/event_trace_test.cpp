// The trace that an event is part of: said by who publishes it, gone on with by who hears of it.
#include "contract/span.h"
#include "support/catch.h"
#include "unit/events/hearer.h"
#include "unit/events/maker.h"

namespace {

using namespace svc;
using namespace svc::test;

TEST_CASE("an event has its request's trace; one that no request has caused has none") {
  World world;
  Maker maker(world);
  const auto trace_for = [&](const Origin& origin, std::uint64_t span = 0) {
    maker.cause.origin = std::make_shared<const Origin>(origin);
    maker.cause.span = span;
    const auto before = maker.count();
    maker.publish(Moved{"a", 1});
    return maker.read({"reader", before, "", 1, 0})->items.at(0).event.traceparent;
  };
  const std::string own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(trace_for(Origin::of("request", read_traceparent(own))) == own);
  CHECK(trace_for(Origin::of("request", read_traceparent(own)), 0xab) ==
        "00-0af7651916cd43dd8448eb211c80319c-00000000000000ab-01");  // its parent is who tells of it
  CHECK(trace_for(Origin::of("0190a0a0-1111-7222-8333-444444444444")) ==
        "00-0190a0a0111172228333444444444444-8333444444444444-01");
  CHECK_FALSE(trace_for(Origin{}).has_value());
}

TEST_CASE("what a consumer does about an event is a span of the event's trace") {
  World world;
  std::string how;
  Hearer hearer(world);
  hearer.set_judge([&](const Moved&) -> Result<Nothing> {
    if (how == "refused") return fail(Code::unavailable, "not_now", "Perhaps later");
    if (how == "broken") throw std::runtime_error("broken");
    return Nothing{};
  });
  const auto outcome = [&](std::string what, bool has_trace = true) {
    how = std::move(what);
    const auto trace = trace_named(number_of(world.ids.next()));
    auto event = envelope(world, Moved{how + "?", 1});
    event.traceparent = has_trace ? traceparent(trace) : "of another make";
    REQUIRE(hearer.take({event}).has_value());
    const auto found = find_spans(to_text(trace.id), 10).spans;
    if (found.empty()) return std::string("none");
    CHECK(found.front().parent == trace.parent);
    CHECK(found.front().service == hearer.consumer.name());
    CHECK(found.front().operation == Moved::event.type);
    return std::string(to_name(found.front().kind)) + " " + std::string(found.front().outcome);
  };
  CHECK(outcome("done") == "event ok");
  CHECK(outcome("refused") == "event unavailable");
  CHECK(outcome("broken") == "event internal");
  CHECK(outcome("done", false) == "none");
}

}  // namespace
