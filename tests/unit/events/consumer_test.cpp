// A consumer: each event has its effect once, in order, or is parked.
#include "support/catch.h"
#include "support/file_limit.h"
#include "unit/events/hearer.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace std::chrono_literals;
using Lines = Hearer::Lines;

tl::unexpected<Error> not_now() { return fail(Code::unavailable, "not_now", "Perhaps later"); }

// Refuses what is moved of a thing, from its `from`-th move on.
Hearer::Judge refusing(const std::string& thing, std::int64_t from = 0) {
  return [=](const Moved& moved) -> Result<Nothing> {
    if (moved.thing == thing && moved.number >= from) return not_now();
    return Nothing{};
  };
}

std::vector<Envelope> moves(World& world, const std::string& thing, int count) {
  std::vector<Envelope> events;
  for (int number = 1; number <= count; ++number) events.push_back(envelope(world, Moved{thing, number}));
  return events;
}

std::int64_t inbox_size(Hearer& hearer) {
  return hearer.database.read([](sql::Session& session) {
    return *session.first("SELECT COUNT(*) FROM inbox", [](const sql::Row& row) { return row.integer(0); });
  });
}

TEST_CASE("an event that is given twice has its effect once") {
  World world;
  Hearer hearer(world);
  const auto first = envelope(world, Moved{"a", 1}), second = envelope(world, Moved{"a", 2});
  CHECK(hearer.take({first, first, second, first}).has_value());
  CHECK(hearer.take({second, first}).has_value());
  CHECK(hearer.effects() == Lines{"a 1", "a 2"});
  auto elsewhere = first;  // ids are unique to their source only (CloudEvents 1.0.2, section 3.1.1)
  elsewhere.source = source_of("other");
  CHECK(hearer.take({elsewhere}).has_value());
  CHECK(hearer.parked_lines() == Lines{"a parked 1"});  // nobody subscribed to it
}

TEST_CASE("two processes that take the same events from one feed have each effect once, in order") {
  World world;
  Hearer one(world), other(world);
  std::vector<Envelope> events;
  Lines of_a, of_b;
  for (int number = 1; number <= 300; ++number) {
    events.push_back(envelope(world, Moved{"a", number}));
    events.push_back(envelope(world, Moved{"b", number}));
    of_a.push_back("a " + std::to_string(number));
    of_b.push_back("b " + std::to_string(number));
  }
  const auto take_all = [&](Hearer& hearer, std::size_t step) -> Task<int> {
    for (std::size_t at = 0; at < events.size(); at += step) {
      const auto end = std::min(at + step, events.size());
      auto taking = hearer.consumer.take(std::vector<Envelope>(events.begin() + static_cast<std::ptrdiff_t>(at),
                                                               events.begin() + static_cast<std::ptrdiff_t>(end)));
      auto taken = co_await taking;
      if (!taken) co_return 1;
    }
    co_return 0;
  };
  const int failed = world.run([&]() -> Task<int> {
    auto taking = take_all(one, 7), taking_too = take_all(other, 10);
    const int failure = co_await taking, failure_too = co_await taking_too;
    co_return failure + failure_too;
  });
  CHECK(failed == 0);
  CHECK(one.effects_of("a") == of_a);
  CHECK(one.effects_of("b") == of_b);
}

TEST_CASE("an event that fails undoes its own effect only, and holds up its subject only") {
  World world;
  Hearer hearer(world);
  std::string how;
  SECTION("by an error") {
    hearer.set_judge(refusing("a", 2));
    how = "not_now";
  }
  SECTION("by an exception") {
    hearer.set_judge([](const Moved& moved) -> Result<Nothing> {
      if (moved.thing == "a" && moved.number == 2) throw std::logic_error("boom");
      return Nothing{};
    });
    how = "defect";
  }
  const auto a = moves(world, "a", 4), b = moves(world, "b", 3);
  CHECK(hearer.take({a[0], b[0], a[1], b[1], a[2]}).has_value());
  CHECK(hearer.take({a[3], b[2]}).has_value());
  CHECK(hearer.effects() == Lines{"a 1", "b 1", "b 2", "b 3"});
  CHECK(hearer.parked_lines() == Lines{"a retrying 1", "a behind 0", "a behind 0"});
  const auto page = hearer.parked();
  CHECK(page.retrying == 1);
  CHECK(page.parked == 0);
  CHECK(page.behind == 2);
  REQUIRE(page.items.size() == 3);
  const auto& parked = page.items[0];
  CHECK(parked.consumer == "hearer");
  CHECK(parked.event == a[1]);
  CHECK(parked.reason == how);
  CHECK(parked.parked_at == world.clock.now());
  REQUIRE(parked.next_try_at.has_value());
  CHECK(*parked.next_try_at - world.clock.now() <= 200ms);
  CHECK(page.items[2].event == a[3]);
  CHECK_FALSE(page.items[2].next_try_at.has_value());
}

TEST_CASE("events that all fail in one batch are parked, each by itself") {
  World world;
  Hearer hearer(world);
  hearer.set_judge([](const Moved&) -> Result<Nothing> { return not_now(); });
  std::vector<Envelope> events;
  for (int thing = 0; thing < 20; ++thing) events.push_back(envelope(world, Moved{std::to_string(thing), 1}));
  CHECK(hearer.take(events).has_value());
  CHECK(hearer.parked().retrying == 20);
  CHECK(hearer.effects().empty());
}

TEST_CASE("what failed is tried again by itself, and those behind it follow in order") {
  World world;
  Hearer hearer(world);
  hearer.set_judge(refusing("a", 2));
  CHECK(hearer.take(moves(world, "a", 30)).has_value());
  hearer.set_judge([](const Moved&) { return Result<Nothing>(Nothing{}); });
  CHECK(hearer.effects() == Lines{"a 1"});
  world.clock.advance(200ms);
  hearer.consumer.start(world.loops[0]);  // not by a call of ours
  Lines all;
  for (int number = 1; number <= 30; ++number) all.push_back("a " + std::to_string(number));
  CHECK(eventually([&] { return hearer.parked().items.empty(); }));
  CHECK(hearer.effects() == all);
}

TEST_CASE("one round of retries lets go all that waits behind") {
  World world;
  Hearer hearer(world);
  hearer.set_judge(refusing("a"));
  CHECK(hearer.take(moves(world, "a", 100)).has_value());
  hearer.set_judge([](const Moved&) { return Result<Nothing>(Nothing{}); });
  world.clock.advance(200ms);
  hearer.retry_due();
  CHECK(hearer.effects().size() == 100);
  CHECK(hearer.parked().items.empty());
}

TEST_CASE("nothing is tried before its time") {
  World world;
  world.events.consumer.backoff_ms = 60'000;
  world.events.consumer.backoff_limit_ms = 3'600'000;
  Hearer hearer(world);
  hearer.set_judge(refusing("a"));
  std::vector<Envelope> events;
  REQUIRE(hearer.take(moves(world, "a", 1)).has_value());
  const auto due = *hearer.parked().items.at(0).next_try_at;
  world.clock.advance(due - world.clock.now() - 1ms);
  hearer.retry_due();
  CHECK(hearer.parked_lines() == Lines{"a retrying 1"});
  world.clock.advance(1ms);
  hearer.retry_due();
  CHECK(hearer.parked_lines() == Lines{"a retrying 2"});
}

TEST_CASE("the pauses between tries grow up to their limit, and after the last try it is left for a person") {
  World world;
  world.events.consumer.attempts = 6;
  world.events.consumer.backoff_ms = 1'000;
  world.events.consumer.backoff_limit_ms = 8'000;
  Hearer hearer(world);
  hearer.set_judge([](const Moved&) -> Result<Nothing> { return not_now(); });
  // Each pause is drawn evenly between nothing and its longest; so of 40 the longest tells that.
  std::vector<Envelope> events;
  for (int thing = 0; thing < 40; ++thing) events.push_back(envelope(world, Moved{std::to_string(thing), 1}));
  REQUIRE(hearer.take(events).has_value());
  for (const auto longest : {1s, 2s, 4s, 8s, 8s}) {
    const auto page = hearer.parked();
    REQUIRE(page.retrying == 40);
    milliseconds most{0};
    for (const auto& parked : page.items) most = std::max(most, *parked.next_try_at - world.clock.now());
    CHECK(most <= longest);
    CHECK(most > longest / 2);
    world.clock.advance(longest);
    hearer.retry_due();
  }
  CHECK(hearer.parked().parked == 40);
  CHECK(hearer.parked_lines().at(0) == "0 parked 6");
  CHECK_FALSE(hearer.parked().items.at(0).next_try_at.has_value());
  hearer.set_judge([](const Moved&) { return Result<Nothing>(Nothing{}); });
  world.clock.advance(std::chrono::hours{100});
  hearer.retry_due();
  CHECK(hearer.effects().empty());
}

TEST_CASE("an operator sees parked events, tries them again, and gives them up") {
  World world;
  world.events.consumer.attempts = 1;
  Hearer hearer(world);
  hearer.set_judge(refusing("a"));
  const auto a = moves(world, "a", 4), b = moves(world, "b", 1);
  REQUIRE(hearer.take({a[0], a[1], a[2], a[3], b[0]}).has_value());
  auto& consumer = hearer.consumer;
  const auto get = [&](const std::string& id) { return world.ask(consumer, world.anyone(), GetParked{id}); };
  const auto retry = [&](const std::string& id) { return world.ask(consumer, world.anyone(), RetryParked{id}); };
  const auto drop = [&](const std::string& id) { return world.ask(consumer, world.anyone(), DropParked{id}); };

  const auto page = world.ask(consumer, world.anyone(), ListParked{3, std::nullopt});
  REQUIRE(page.has_value());
  CHECK(page->items.size() == 3);
  CHECK(page->parked == 1);
  CHECK(page->behind == 3);
  const auto rest = world.ask(consumer, world.anyone(), ListParked{3, page->next_cursor});
  REQUIRE(rest.has_value());
  CHECK(rest->items.size() == 1);
  CHECK(rest->items.at(0).event == a[3]);
  CHECK_FALSE(rest->next_cursor.has_value());
  CHECK(world.ask(consumer, world.anyone(), ListParked{3, "?"}).error().code == Code::invalid);

  CHECK(get(a[2].id)->event == a[2]);
  CHECK(get(a[2].id)->consumer == "hearer");
  for (const auto& nowhere : {b[0].id, std::string("nonsense")}) {
    CHECK(get(nowhere).error().code == Code::not_found);
    CHECK(retry(nowhere).error().code == Code::not_found);
    CHECK(drop(nowhere).error().code == Code::not_found);
  }

  const auto behind = retry(a[1].id);
  REQUIRE_FALSE(behind.has_value());
  CHECK(behind.error().code == Code::conflict);
  CHECK(behind.error().reason == "behind");

  const auto in_vain = retry(a[0].id);
  REQUIRE(in_vain.has_value());
  CHECK(in_vain->state == ParkedState::parked);
  CHECK(in_vain->attempts == 2);
  CHECK(in_vain->reason == "not_now");
  CHECK(get(a[0].id)->attempts == 2);

  // One behind is given up: what waits before it still does.
  CHECK(drop(a[1].id)->state == ParkedState::dropped);
  CHECK(hearer.parked_lines() == Lines{"a parked 2", "a behind 0", "a behind 0"});

  hearer.set_judge(refusing("a", 4));
  const auto done = retry(a[0].id);
  REQUIRE(done.has_value());
  CHECK(done->state == ParkedState::done);
  CHECK(get(a[0].id).error().code == Code::not_found);
  hearer.retry_due();
  CHECK(hearer.effects_of("a") == Lines{"a 1", "a 3"});
  CHECK(hearer.parked_lines() == Lines{"a parked 1"});
  CHECK(drop(a[3].id).has_value());
  CHECK(hearer.parked().items.empty());
  CHECK(hearer.take({a[3], a[1]}).has_value());  // given up is given up, however often it comes
  CHECK(hearer.take({envelope(world, Moved{"a", 3})}).has_value());
  CHECK(hearer.effects_of("a") == Lines{"a 1", "a 3", "a 3"});
}

TEST_CASE("when an operator gives an event up, those behind it go on") {
  World world;
  world.events.consumer.attempts = 1;
  Hearer hearer(world);
  hearer.set_judge([](const Moved& moved) -> Result<Nothing> {
    if (moved.number == 1) return not_now();
    return Nothing{};
  });
  const auto events = moves(world, "a", 3);
  REQUIRE(hearer.take(events).has_value());
  REQUIRE(world.ask(hearer.consumer, world.anyone(), DropParked{events[0].id}).has_value());
  hearer.retry_due();
  CHECK(hearer.effects() == Lines{"a 2", "a 3"});
  CHECK(hearer.parked().items.empty());
}

TEST_CASE("what cannot be read is parked at once, kept whole, and not tried again by itself") {
  World world;
  Hearer hearer(world);
  auto unknown = envelope(world, Painted{"unknown"});
  unknown.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto newer = envelope(world, Moved{"newer", 1});
  newer.dataversion = 3;
  auto broken = envelope(world, Moved{"broken", 1});
  broken.data.text = R"({"thing":"broken"})";
  auto older = envelope(world, Moved{"older", 1});
  older.dataversion = 1;
  REQUIRE(hearer.take({unknown, newer, broken, older}).has_value());
  const auto page = hearer.parked();
  REQUIRE(page.items.size() == 3);
  CHECK(hearer.parked_lines() == Lines{"unknown parked 1", "newer parked 1", "broken parked 1"});
  CHECK(page.items[0].reason == "unknown_event");
  CHECK(page.items[1].reason == "newer_event");
  CHECK(page.items[2].reason == "unreadable_event");
  CHECK(page.items[0].event == unknown);
  CHECK(page.items[1].event == newer);
  CHECK(page.items[2].event == broken);
  CHECK(hearer.effects() == Lines{"older 1"});
  world.clock.advance(std::chrono::hours{100});
  hearer.retry_due();
  CHECK(hearer.parked_lines() == Lines{"unknown parked 1", "newer parked 1", "broken parked 1"});
}

TEST_CASE("an event whose effect proves impossible later is parked, and holds up its subject") {
  World world;
  Hearer hearer(world);
  const auto events = moves(world, "a", 2);
  REQUIRE(hearer.take({events[0]}).has_value());
  const auto parked = world.run([&] {
    return hearer.database.write(Steady::now() + 5s, [&](sql::Transaction& transaction) -> Result<Nothing> {
      hearer.consumer.park(transaction, events[0], not_now().value());
      return Nothing{};
    });
  });
  REQUIRE(parked.has_value());
  REQUIRE(hearer.take({events[0], events[1]}).has_value());
  CHECK(hearer.parked_lines() == Lines{"a parked 1", "a behind 0"});
}

TEST_CASE("while the database cannot be written, nothing is parked, and everything is taken when it can") {
  World world;
  Hearer hearer(world);
  std::vector<Envelope> events;
  for (int number = 1; number <= 50; ++number)
    events.push_back(envelope(world, Moved{"a" + std::string(2'000, 'x'), number}));
  {
    const FileLimit limit(65'536);
    for (int turn = 0; turn < 3; ++turn) {
      const auto taken = hearer.take(events);
      REQUIRE_FALSE(taken.has_value());
      CHECK(taken.error().code == Code::unavailable);
    }
    CHECK(hearer.effects().empty());
    CHECK(hearer.parked().items.empty());
  }
  REQUIRE(eventually([&] { return !hearer.database.unwritable(); }));
  CHECK(hearer.take(events).has_value());
  CHECK(hearer.effects().size() == 50);
  CHECK(hearer.parked().items.empty());
}

TEST_CASE("a retry that the database cannot keep is no try") {
  World world;
  Hearer hearer(world);
  hearer.set_judge(refusing("a"));
  REQUIRE(hearer.take(moves(world, "a", 1)).has_value());
  world.clock.advance(200ms);
  {
    const FileLimit limit(4'096);
    const auto tried = world.run([&] { return hearer.consumer.retry_due(); });
    REQUIRE_FALSE(tried.has_value());
    CHECK(tried.error().code == Code::unavailable);
  }
  REQUIRE(eventually([&] { return !hearer.database.unwritable(); }));
  CHECK(hearer.parked_lines() == Lines{"a retrying 1"});
}

TEST_CASE("the inbox forgets what is old, and not what may come again") {
  World world;
  world.events.consumer.inbox_hours = 10;
  Hearer hearer(world);
  REQUIRE(hearer.take(moves(world, "a", 3'000)).has_value());  // more than are forgotten at once
  world.clock.advance(std::chrono::hours{9});
  const auto young = envelope(world, Moved{"b", 1});
  REQUIRE(hearer.take({young}).has_value());
  const auto forget = [&] { REQUIRE(world.run([&] { return hearer.consumer.forget_old(); }).has_value()); };
  forget();
  CHECK(inbox_size(hearer) == 3'001);
  world.clock.advance(std::chrono::hours{2});
  forget();
  CHECK(inbox_size(hearer) == 1);
  CHECK(hearer.take({young}).has_value());
  CHECK(hearer.effects_of("b") == Lines{"b 1"});
}

}  // namespace
