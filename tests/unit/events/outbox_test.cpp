// The outbox: what is written to it, who reads it, and what of it is kept.
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/decode.h"
#include "contract/trace.h"
#include "support/catch.h"
#include "unit/events/maker.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

Result<Nothing> kept() { return Nothing{}; }

ReadFeed from_start(const std::string& consumer = "reader") { return {consumer, 0, "", 100, 0}; }

std::vector<std::int64_t> positions(const FeedPage& page) {
  std::vector<std::int64_t> found;
  for (const auto& entry : page.items) found.push_back(entry.position);
  return found;
}

TEST_CASE("an event is there if and only if its transaction was kept") {
  World world;
  Maker maker(world);
  const auto refused = [] { return Result<Nothing>(fail(Code::conflict, "no")); };
  const auto thrown = []() -> Result<Nothing> { throw std::logic_error("defect"); };
  maker.publish(Moved{"kept", 1}, Painted{"kept"});
  CHECK_FALSE(world.run([&] { return maker.write(refused, Moved{"refused", 1}); }).has_value());
  CHECK_THROWS(world.run([&] { return maker.write(thrown, Moved{"thrown", 1}); }));
  CHECK(maker.read_texts(from_start()) == Lines{"kept 1", "kept"});

  // Those that share a commit with others that fail.
  world.run([&]() -> Task<Result<Nothing>> {
    std::vector<Task<Result<Nothing>>> tasks;
    for (int i = 0; i < 40; ++i) {
      const Moved moved{i % 4 == 3 ? "bad" : "good", i};
      if (i % 8 == 3) tasks.push_back(maker.write(refused, moved));
      else if (i % 8 == 7) tasks.push_back(maker.write(thrown, moved));
      else tasks.push_back(maker.write(kept, moved));
    }
    for (auto& task : tasks) {
      try {
        auto written = co_await task;
        (void)written;
      } catch (const std::logic_error&) {
      }
    }
    co_return Nothing{};
  });
  const auto page = maker.read({"reader", 2, "", 100, 0});
  REQUIRE(page.has_value());
  CHECK(page->items.size() == 30);
  CHECK(std::ranges::all_of(page->items, [](const auto& entry) { return entry.event.subject == "good"; }));
}

TEST_CASE("the feed tells events in the order of the commits, page after page") {
  World world;
  Maker maker(world);
  for (int number = 1; number <= 25; ++number) maker.publish(Moved{"a", number});
  Lines all, told;
  std::vector<std::int64_t> seen;
  for (int number = 1; number <= 25; ++number) all.push_back("a " + std::to_string(number));
  std::int64_t after = 0;
  for (int turn = 0; turn < 3; ++turn) {
    const auto page = maker.read({"reader", after, "", 10, 0});
    REQUIRE(page.has_value());
    CHECK(page->items.size() == (turn < 2 ? 10 : 5));
    CHECK(page->oldest == 1);
    CHECK(page->last == 25);
    for (const auto& entry : page->items) told.push_back(Maker::text_of(entry.event));
    for (const auto position : positions(*page)) seen.push_back(position);
    CHECK(page->next == seen.back());
    after = page->next;
  }
  CHECK(told == all);
  CHECK(std::ranges::is_sorted(seen, std::less_equal{}));  // none twice
}

TEST_CASE("a page of large events is cut short, and the next goes on behind it") {
  World world;
  Maker maker(world);
  constexpr std::size_t large = 100'000, page_limit = 2 * 1024 * 1024;
  for (int number = 1; number <= 40; ++number)
    maker.publish(Moved{std::string(large, 'x'), number}, Painted{std::string(large, 'x')});
  std::vector<std::int64_t> seen;
  for (std::int64_t after = 0; after < 80;) {
    const auto page = maker.read({"reader", after, "thing_moved", 100, 0});
    REQUIRE(page.has_value());
    REQUIRE(page->next > after);
    CHECK(page->items.size() * large < page_limit);
    for (const auto& entry : page->items) seen.push_back(entry.position);
    after = page->next;
  }
  CHECK(seen.size() == 40);
}

TEST_CASE("only events of the types asked for are told, and the position moves over the others") {
  World world;
  Maker maker(world);
  maker.publish(Moved{"a", 1}, Painted{"a"}, Painted{"b"}, Moved{"a", 2}, Painted{"c"});
  CHECK(maker.read_texts({"reader", 0, "thing_painted", 100, 0}) == Lines{"a", "b", "c"});
  CHECK(maker.read_texts({"reader", 0, "other,thing_moved", 100, 0}) == Lines{"a 1", "a 2"});
  CHECK(maker.read_texts({"reader", 0, "thing_moved,thing_painted", 100, 0}).size() == 5);
  for (const std::string none : {"thing", "thing_moved_", "thing_move,ving_moved", ","})
    CHECK(maker.read_texts({"reader", 0, none, 100, 0}).empty());
  CHECK(maker.read({"reader", 0, "thing_moved", 100, 0})->next == 5);
  CHECK(maker.read({"reader", 0, "thing_moved", 3, 0})->next == 3);
}

// What waits asks the database again every look_interval; so whoever is never sooner has not been woken.
TEST_CASE("who waits is woken by the commit") {
  World world;
  Maker maker(world);
  auto shortest = Steady::duration::max();
  for (int number = 1; number <= 20; ++number) {
    const auto begun = Steady::now();
    const auto page = world.run([&]() -> Task<Result<FeedPage>> {
      auto reading = maker.outbox.handle(world.anyone(), ReadFeed{"reader", number - 1, "", 100, 5});
      auto writing = maker.write(kept, Moved{"a", number});
      co_await writing;
      auto read = co_await reading;
      co_return read;
    });
    REQUIRE(page.has_value());
    REQUIRE(page->items.size() == 1);
    CHECK(page->items[0].position == number);
    shortest = std::min(shortest, Steady::now() - begun);
  }
  CHECK(shortest < events::Outbox::look_interval / 2);
}

TEST_CASE("who waits is not held up by events that it did not ask for") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 2'000);
  maker.publish(Painted{"a"});
  const auto begun = Steady::now();
  CHECK(maker.read_texts({"reader", 0, "thing_painted", 100, 30}) == Lines{"a"});
  CHECK(Steady::now() - begun < 10 * events::Outbox::look_interval);  // of 21 pages
}

TEST_CASE("who waits in vain is answered in time") {
  World world;
  Maker maker(world);
  maker.publish(Moved{"a", 1});
  const auto begun = Steady::now();
  const auto page = world.run([&] {
    return maker.outbox.handle(world.anyone().within(300ms), ReadFeed{"reader", 0, "thing_painted", 100, 30});
  });
  REQUIRE(page.has_value());
  CHECK(page->items.empty());
  CHECK(page->next == 1);
  CHECK(Steady::now() - begun < 5s);
}

TEST_CASE("when the module stops, who waits is told so, and what is there is still told") {
  World world;
  Maker maker(world);
  const auto begun = Steady::now();
  const auto ended = world.run([&]() -> Task<Result<FeedPage>> {
    auto reading = maker.outbox.handle(world.anyone(), ReadFeed{"reader", 0, "", 100, 8});
    maker.outbox.stopping();
    auto read = co_await reading;
    co_return read;
  });
  REQUIRE_FALSE(ended.has_value());
  CHECK(ended.error().code == Code::unavailable);
  CHECK(Steady::now() - begun < 5s);
  maker.publish(Moved{"a", 1});
  CHECK(maker.read_texts({"reader", 0, "", 100, 8}) == Lines{"a 1"});
}

TEST_CASE("what another process commits is told too") {
  World world;
  Maker maker(world), other(world);
  const auto begun = Steady::now();
  const auto page = world.run([&]() -> Task<Result<FeedPage>> {
    auto reading = maker.outbox.handle(world.anyone(), ReadFeed{"reader", 0, "", 100, 8});
    auto writing = other.write(kept, Moved{"a", 1});
    co_await writing;
    auto read = co_await reading;
    co_return read;
  });
  REQUIRE(page.has_value());
  CHECK(page->items.size() == 1);
  CHECK(Steady::now() - begun < 5s);  // not when it would have waited in vain
}

TEST_CASE("an event travels as a CloudEvent") {
  World world;
  Maker maker(world);
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  maker.cause.origin = std::make_shared<const Origin>(Origin::of("request", read_traceparent(trace)));
  maker.publish(Moved{"a \"b\"\n", 7});
  const auto page = maker.read(from_start());
  REQUIRE(page.has_value());
  const Envelope& event = page->items.at(0).event;
  const auto json = nlohmann::json::parse(encode(event));
  CHECK(json == nlohmann::json{{"specversion", "1.0"},
                               {"id", event.id},
                               {"source", "/svc/maker"},
                               {"type", "thing_moved"},
                               {"subject", "a \"b\"\n"},
                               {"time", "2023-11-14T22:13:20.000Z"},
                               {"datacontenttype", "application/json"},
                               {"dataversion", 2},
                               {"traceparent", trace},
                               {"data", {{"thing", "a \"b\"\n"}, {"number", 7}}}});
  CHECK(is_uuid(event.id));
  const auto again = decode_answer<Envelope>(encode(event));
  REQUIRE(again.has_value());
  CHECK(nlohmann::json::parse(encode(*again)) == json);
  maker.publish(Moved{"a", 8});
  CHECK(maker.read({"reader", 1, "", 1, 0})->items.at(0).event.id != event.id);
}

// How far the outbox knows a reader to have come; -1: it does not know it.
std::int64_t noted(Maker& maker, const std::string& reader) {
  return maker.database
      .read([&](sql::Session& session) {
        return session.first(
            "SELECT position FROM outbox_readers WHERE name = ?", [](const sql::Row& row) { return row.integer(0); },
            reader);
      })
      .value_or(-1);
}

// Reads behind `after`, until that is noted.
bool read_up_to(Maker& maker, const std::string& reader, std::int64_t after) {
  return eventually([&] {
    const auto page = maker.read({reader, after, "", 1, 0});
    return page.has_value() && noted(maker, reader) == after;
  });
}

void trim(Maker& maker) {
  REQUIRE(maker.world.run([&] { return maker.outbox.trim(); }).has_value());
}

TEST_CASE("what a known reader has not read is kept, and what is read and old is deleted") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 10);
  REQUIRE(read_up_to(maker, "slow", 0));
  REQUIRE(read_up_to(maker, "quick", 10));
  world.clock.advance(std::chrono::hours{48});
  trim(maker);
  CHECK(maker.count() == 10);
  REQUIRE(read_up_to(maker, "slow", 4));
  trim(maker);
  const auto page = maker.read(from_start("slow"));
  REQUIRE(page.has_value());
  CHECK(positions(*page) == std::vector<std::int64_t>{5, 6, 7, 8, 9, 10});
  CHECK(page->oldest == 5);
}

TEST_CASE("what is read and young is kept for readers to come") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 3);
  world.clock.advance(std::chrono::hours{23});
  maker.publish_moves("a", 4, 5);
  REQUIRE(read_up_to(maker, "reader", 5));
  trim(maker);
  CHECK(maker.count() == 5);
  world.clock.advance(std::chrono::hours{2});
  trim(maker);
  CHECK(maker.read_texts(from_start()) == Lines{"a 4", "a 5"});
}

TEST_CASE("of what is read no more is kept than was asked for, however young") {
  World world;
  world.events.outbox.keep_events = 20;
  Maker maker(world);
  maker.publish_moves("a", 1, 2'500);  // more than are deleted at once
  REQUIRE(read_up_to(maker, "reader", 2'490));
  trim(maker);
  CHECK(maker.count() == 20);
  maker.publish_moves("a", 2'501, 2'600);
  trim(maker);
  CHECK(maker.count() == 110);  // those that the reader has not read
  CHECK(maker.read(from_start())->oldest == 2'491);
}

TEST_CASE("a reader that has not come for long is waited for no more") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 3);
  REQUIRE(read_up_to(maker, "gone", 0));
  for (int hour = 1; hour < 168; ++hour) {
    world.clock.advance(std::chrono::hours{1});
    trim(maker);
    trim(maker);  // counted once
  }
  REQUIRE(read_up_to(maker, "reader", 3));
  trim(maker);
  CHECK(maker.count() == 3);
  world.clock.advance(std::chrono::hours{1});
  trim(maker);
  CHECK(maker.count() == 1);  // the last, by which it is known what comes next
  CHECK(noted(maker, "gone") == -1);
  CHECK(noted(maker, "reader") == 3);
}

TEST_CASE("a reader that was away as long as the publisher is waited for when both are back") {
  World world;
  std::optional<Maker> maker(std::in_place, world);
  maker->publish_moves("a", 1, 3);
  REQUIRE(read_up_to(*maker, "reader", 1));
  maker.reset();
  world.clock.advance(std::chrono::hours{400});
  maker.emplace(world);
  trim(*maker);
  CHECK(noted(*maker, "reader") == 1);
  CHECK(maker->read_texts({"reader", 1, "", 100, 0}) == Lines{"a 2", "a 3"});
}

TEST_CASE("a clock that is set makes no reader absent for long") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 3);
  REQUIRE(read_up_to(maker, "reader", 1));
  for (const auto set : {8 * 24, -8 * 24, 1'000}) {
    world.clock.advance(std::chrono::hours{set});
    for (int round = 0; round < 200; ++round) trim(maker);
    CHECK(noted(maker, "reader") == 1);
  }
}

TEST_CASE("a position is given once, also when all that may be is deleted and the database is opened again") {
  World world;
  world.events.outbox.keep_hours = 0;
  {
    Maker maker(world);
    maker.publish_moves("a", 1, 7);
    REQUIRE(read_up_to(maker, "reader", 7));
    world.clock.advance(1ms);
    trim(maker);
    REQUIRE(maker.count() == 1);  // the last stays
    const auto empty = maker.read({"reader", 7, "", 1, 0});
    CHECK(empty->last == 7);
    CHECK(empty->oldest == 7);
    CHECK(empty->next == 7);
  }
  Maker maker(world);
  maker.publish(Moved{"a", 8});
  const auto page = maker.read({"reader", 7, "", 1, 0});
  REQUIRE(page.has_value());
  CHECK(positions(*page) == std::vector<std::int64_t>{8});
}

TEST_CASE("a reader's progress is not written at each of its questions") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 100);
  const auto before = maker.database.counts().transactions;
  for (int after = 0; after < 100; ++after) REQUIRE(maker.read({"reader", after, "", 1, 0}).has_value());
  REQUIRE(eventually([&] { return noted(maker, "reader") >= 0; }));
  CHECK(maker.database.counts().transactions - before < 10);
}

TEST_CASE("who has read beyond the outbox's end has read another one, and is told this one from its beginning") {
  World world;
  Maker maker(world);
  maker.publish_moves("a", 1, 3);
  const auto page = maker.read({"reader", 100, "", 2, 30});
  REQUIRE(page.has_value());
  CHECK(positions(*page) == std::vector<std::int64_t>{1, 2});
  CHECK(page->next == 2);
  REQUIRE(eventually([&] { return noted(maker, "reader") >= 0; }));
  CHECK(noted(maker, "reader") == 0);  // it has not read what is here
  CHECK(maker.read({"reader", 100, "none", 100, 30})->next == 3);
}

}  // namespace
