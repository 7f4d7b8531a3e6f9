// What the inventory module promises, over each lane.
#include "inventory/inventory.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "inventory/module.h"
#include "support/catch.h"
#include "support/world.h"

namespace svc::inventory {
namespace {

using test::World;

struct Fixture {
  test::Lane lane = GENERATE(from_range(test::lanes));
  World world;
  std::unique_ptr<Hosted<Inventory>> module = make(Config{}, world.environment, world.dir / "inventory.db");
  std::unique_ptr<Inventory> inventory = world.open(lane, module->service());

  template <class Op>
  auto ask(Call call, Op op) {
    return world.ask(*inventory, call, op);
  }
  Result<PutAnswer> put(const std::string& sku, std::int64_t on_hand, std::int64_t amount = 100) {
    return ask(world.admin(), PutItem{sku, "Item " + sku, {amount, "USD"}, on_hand});
  }
  Item item(const std::string& sku) { return *ask(world.admin(), GetItem{sku}); }
  std::string order() { return world.ids.next(); }
  Result<Reservation> reserve(const std::string& order, std::vector<Line> lines) {
    return ask(world.anyone(), ReserveItems{order, lines});
  }
  Result<Reservation> sell(const std::string& order, std::vector<Line> lines) {
    return ask(world.anyone(), SellItems{order, lines});
  }
  Result<Reservation> commit(const std::string& order) { return ask(world.anyone(), CommitReservation{order}); }
  Result<Reservation> release(const std::string& order) { return ask(world.anyone(), ReleaseReservation{order}); }
  // on hand, reserved
  std::pair<std::int64_t, std::int64_t> stock(const std::string& sku) {
    const auto found = item(sku);
    return {*found.on_hand, *found.reserved};
  }
};
using Stock = std::pair<std::int64_t, std::int64_t>;

TEST_CASE("items are made, changed and read") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto made = f.put("anvil", 10, 1999);
  REQUIRE(made.has_value());
  CHECK(made->created);
  CHECK(*made->on_hand == 10);
  const auto changed = f.put("anvil", 12, 2999);
  REQUIRE(changed.has_value());
  CHECK_FALSE(changed->created);
  const auto seen = f.ask(f.world.customer("u"), GetItem{"anvil"});
  REQUIRE(seen.has_value());
  CHECK(*seen == Item{"anvil", "Item anvil", {2999, "USD"}, 12, {}, {}});
  CHECK(f.item("anvil") == Item{"anvil", "Item anvil", {2999, "USD"}, 12, 12, 0});
  CHECK(f.ask(f.world.admin(), GetItem{"piano"}).error() ==
        Error{Code::not_found, "not_found", "There is no such item", {}, {}});
}

TEST_CASE("who may do what") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const PutItem put{"anvil", "Anvil", {1, "USD"}, 1};
  CHECK(f.ask(f.world.anyone(), put).error().code == Code::unauthenticated);
  CHECK(f.ask(f.world.customer("u"), put).error().code == Code::forbidden);
  CHECK(f.ask(f.world.anyone(), GetItem{"anvil"}).error().code == Code::unauthenticated);
  CHECK(f.ask(f.world.anyone(), ListItems{}).error().code == Code::unauthenticated);
}

TEST_CASE("broken rules are named, by role first") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const PutItem bad{"a b", "\n", {-1, "usd"}, -1};
  CHECK(f.ask(f.world.customer("u"), bad).error().code == Code::forbidden);
  const auto refused = f.ask(f.world.admin(), bad);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::invalid);
  std::vector<std::string> pointers;
  for (const auto& violation : refused.error().violations) pointers.push_back(violation.pointer);
  CHECK(pointers == std::vector<std::string>{"/sku", "/name", "/unitPrice/amount", "/unitPrice/currency", "/onHand"});
  CHECK(f.put("anvil", 1, price_limit + 1).error().violations.front().pointer == "/unitPrice/amount");
}

TEST_CASE("lists come in pages, in order, each item once") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  for (const std::string sku : {"c", "a", "e", "b", "d"}) REQUIRE(f.put(sku, 1));
  std::vector<std::string> seen;
  std::optional<std::string> cursor;
  int pages = 0;
  do {
    const auto page = f.ask(f.world.customer("u"), ListItems{2, cursor});
    REQUIRE(page.has_value());
    for (const auto& item : page->items) seen.push_back(item.sku);
    cursor = page->next_cursor;
    ++pages;
  } while (cursor);
  CHECK(seen == std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK(pages == 3);
  CHECK(f.ask(f.world.admin(), ListItems{0, {}}).error().code == Code::invalid);
  CHECK(f.ask(f.world.admin(), ListItems{201, {}}).error().code == Code::invalid);
  CHECK(f.ask(f.world.admin(), ListItems{5, "not a cursor!"}).error().violations.front().pointer == "/cursor");
}

TEST_CASE("a quote prices every line, and names each unknown sku by its pointer") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 1, 10));
  REQUIRE(f.put("b", 1, 20));
  const auto quote = f.ask(f.world.anyone(), QuoteItems{{{"b", 2}, {"a", 3}}});
  REQUIRE(quote.has_value());
  CHECK(quote->lines == std::vector<PricedLine>{{"b", 2, {20, "USD"}}, {"a", 3, {10, "USD"}}});
  const auto unknown = f.ask(f.world.anyone(), QuoteItems{{{"x", 1}, {"a", 1}, {"y", 1}}});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().reason == "unknown_sku");
  CHECK(unknown.error().violations ==
        Violations{{"/items/0/sku", "unknown", "is no item"}, {"/items/2/sku", "unknown", "is no item"}});
}

TEST_CASE("all lines are reserved, or none") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 5));
  REQUIRE(f.put("b", 1));
  const auto order = f.order();
  REQUIRE(f.reserve(order, {{"a", 2}, {"b", 1}}));
  CHECK(f.stock("a") == Stock{5, 2});
  CHECK(f.stock("b") == Stock{1, 1});
  const auto short_order = f.order();
  const auto refused = f.reserve(short_order, {{"a", 1}, {"b", 1}});
  CHECK(refused.error() == Error{Code::conflict, "out_of_stock", "There is not enough of b", {}, {}});
  CHECK(f.stock("a") == Stock{5, 2});

  SECTION("a repetition changes nothing") {
    CHECK(f.reserve(order, {{"a", 2}, {"b", 1}}).has_value());
    CHECK(f.stock("a") == Stock{5, 2});
  }
  SECTION("a refusal lasts, even when stock comes") {
    REQUIRE(f.put("b", 10));
    CHECK(f.reserve(short_order, {{"a", 1}, {"b", 1}}).error().reason == "out_of_stock");
    CHECK(f.stock("b") == Stock{10, 1});
  }
  SECTION("stock cannot be put below what is reserved") {
    CHECK(f.put("a", 1).error() == Error{Code::conflict, "below_reserved", "2 units are reserved", {}, {}});
    CHECK(f.put("a", 2).has_value());
  }
}

TEST_CASE("what is committed is sold, and may be given back") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 5));
  const auto order = f.order();
  REQUIRE(f.reserve(order, {{"a", 2}}));
  for (int i = 0; i < 2; ++i) {
    CHECK(f.commit(order)->state == ReservationState::committed);
    CHECK(f.stock("a") == Stock{3, 0});
  }
  CHECK(f.reserve(order, {{"a", 2}})->state == ReservationState::committed);
  for (int i = 0; i < 2; ++i) {
    CHECK(f.release(order)->state == ReservationState::released);
    CHECK(f.stock("a") == Stock{5, 0});
  }
  CHECK(f.commit(order).error().reason == "reservation_released");
  CHECK(f.stock("a") == Stock{5, 0});
}

TEST_CASE("what is sold at once is as if it were reserved and committed") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 5));
  REQUIRE(f.put("b", 1));
  const auto order = f.order();
  for (int i = 0; i < 2; ++i) {
    CHECK(f.sell(order, {{"a", 2}, {"b", 1}})->state == ReservationState::committed);
    CHECK(f.stock("a") == Stock{3, 0});
    CHECK(f.stock("b") == Stock{0, 0});
  }
  CHECK(f.reserve(order, {{"a", 2}, {"b", 1}})->state == ReservationState::committed);
  CHECK(f.commit(order)->state == ReservationState::committed);
  CHECK(f.stock("a") == Stock{3, 0});

  SECTION("and may be given back, for good") {
    CHECK(f.release(order)->state == ReservationState::released);
    CHECK(f.stock("a") == Stock{5, 0});
    CHECK(f.sell(order, {{"a", 2}, {"b", 1}}).error().reason == "reservation_released");
    CHECK(f.stock("a") == Stock{5, 0});
  }
  SECTION("all lines or none, and a refusal lasts") {
    const auto short_order = f.order();
    for (int i = 0; i < 2; ++i) {
      CHECK(f.sell(short_order, {{"a", 1}, {"b", 1}}).error() ==
            Error{Code::conflict, "out_of_stock", "There is not enough of b", {}, {}});
      CHECK(f.stock("a") == Stock{3, 0});
      REQUIRE(f.put("b", 10));
    }
    CHECK(f.release(short_order)->state == ReservationState::refused);
    CHECK(f.stock("a") == Stock{3, 0});
  }
  SECTION("what others hold is not sold") {
    REQUIRE(f.reserve(f.order(), {{"a", 2}}));
    CHECK(f.sell(f.order(), {{"a", 2}}).error().reason == "out_of_stock");
    CHECK(f.sell(f.order(), {{"a", 1}}).has_value());
    CHECK(f.stock("a") == Stock{2, 2});
  }
  SECTION("what is held already is sold") {
    const auto held = f.order();
    REQUIRE(f.reserve(held, {{"a", 2}}));
    CHECK(f.sell(held, {{"a", 2}})->state == ReservationState::committed);
    CHECK(f.stock("a") == Stock{1, 0});
  }
}

TEST_CASE("a quote says whether an order may count on the stock: of each line a thousand times as much") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 1'000'000));
  REQUIRE(f.put("b", 2'999));
  const auto ample = [&](std::vector<Line> lines) {
    return f.ask(f.world.anyone(), QuoteItems{std::move(lines)})->ample;
  };
  CHECK(ample({{"a", 1'000}}));
  CHECK_FALSE(ample({{"a", 1'001}}));
  CHECK(ample({{"a", 1}, {"b", 2}}));
  CHECK_FALSE(ample({{"a", 1}, {"b", 3}}));
  REQUIRE(f.reserve(f.order(), {{"b", 1'000}}));
  CHECK_FALSE(ample({{"b", 2}}));
}

TEST_CASE("what is released comes back, and a late forward step is refused") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 5));
  const auto held = f.order(), never = f.order();
  REQUIRE(f.reserve(held, {{"a", 2}}));
  CHECK(f.release(held)->state == ReservationState::released);
  CHECK(f.release(never)->state == ReservationState::released);  // nothing was reserved: an empty compensation
  CHECK(f.reserve(held, {{"a", 2}}).error().reason == "reservation_released");
  CHECK(f.reserve(never, {{"a", 2}}).error().reason == "reservation_released");
  CHECK(f.commit(never).error().reason == "reservation_released");
  CHECK(f.commit(f.order()).error().reason == "not_reserved");
  CHECK(f.stock("a") == Stock{5, 0});
}

TEST_CASE("a hundred buyers for one unit leave one winner") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.put("a", 1));
  const int winners = f.world.run([&]() -> Task<int> {
    std::vector<Reply<ReserveItems>> buyers;
    for (int i = 0; i < 100; ++i)
      buyers.push_back(f.inventory->handle(f.world.anyone(), ReserveItems{f.order(), {{"a", 1}}}));
    int won = 0;
    for (auto& buyer : buyers) {
      auto reserved = co_await buyer;
      if (reserved) ++won;
      else if (reserved.error().reason != "out_of_stock") won += 1'000;
    }
    co_return won;
  });
  CHECK(winners == 1);
  CHECK(f.stock("a") == Stock{1, 1});
}

// The sweep is the module's own doing, so one lane says it all.
struct Swept {
  World world;
  std::unique_ptr<Hosted<Inventory>> module = make({60, 1}, world.environment, world.dir / "inventory.db");
  const std::string order = world.ids.next();

  template <class Op>
  auto ask(Op op) {
    return world.ask(module->service(), world.anyone(), op);
  }
  void put(std::int64_t on_hand) {
    REQUIRE(world.ask(module->service(), world.admin(), PutItem{"a", "A", {1, "USD"}, on_hand}));
  }
  Result<Reservation> reserve() { return ask(ReserveItems{order, {{"a", 2}}}); }
  Result<Reservation> commit() { return ask(CommitReservation{order}); }
  Result<Reservation> release() { return ask(ReleaseReservation{order}); }
  // on hand, reserved
  Stock stock() {
    const auto item = world.ask(module->service(), world.admin(), GetItem{"a"});
    return {*item->on_hand, *item->reserved};
  }
  // Lets time pass until a sweep has given back what is held.
  void expire() {
    module->start();
    world.clock.advance(seconds{60});
    while (stock().second != 0) std::this_thread::yield();
    module->stop();
  }
};

TEST_CASE("a reservation that nobody comes for expires, what is sold does not") {
  Swept f;
  f.put(5);
  const auto sold = f.world.ids.next();
  REQUIRE(f.ask(ReserveItems{sold, {{"a", 1}}}));
  REQUIRE(f.ask(CommitReservation{sold}));
  REQUIRE(f.reserve());
  f.expire();
  CHECK(f.stock() == Stock{4, 0});
  SECTION("it may be released") {
    CHECK(f.release()->state == ReservationState::released);
    CHECK(f.reserve().error().reason == "reservation_released");
    CHECK(f.commit().error().reason == "reservation_released");
    CHECK(f.stock() == Stock{4, 0});
  }
  SECTION("asked for again, it is set aside anew while there is stock") {
    CHECK(f.reserve()->state == ReservationState::held);
    CHECK(f.stock() == Stock{4, 2});
    CHECK(f.commit()->state == ReservationState::committed);
    CHECK(f.stock() == Stock{2, 0});
  }
  SECTION("or sold at once") {
    CHECK(f.ask(SellItems{f.order, {{"a", 2}}})->state == ReservationState::committed);
    CHECK(f.stock() == Stock{2, 0});
  }
  SECTION("and committed while there is stock") {
    CHECK(f.commit()->state == ReservationState::committed);
    CHECK(f.stock() == Stock{2, 0});
  }
  SECTION("what others have taken meanwhile is gone") {
    f.put(1);
    CHECK(f.commit().error().reason == "reservation_expired");
    CHECK(f.reserve().error().reason == "out_of_stock");
    f.put(9);
    CHECK(f.reserve().error().reason == "out_of_stock");  // a refusal lasts
    CHECK(f.stock() == Stock{9, 0});
  }
}

TEST_CASE("reservations that an older program wrote keep their lines") {
  World world;
  const auto file = world.dir / "inventory.db";
  const auto order = world.ids.next();
  auto module = make(Config{}, world.environment, file);
  for (const std::string sku : {"a", "b"})
    REQUIRE(world.ask(module->service(), world.admin(), PutItem{sku, sku, {1, "USD"}, 5}));
  REQUIRE(world.ask(module->service(), world.anyone(), ReserveItems{order, {{"a", 2}, {"b", 3}}}));
  module.reset();
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE)
      .exec(std::string(
                "CREATE TABLE reservation_lines (order_id TEXT NOT NULL REFERENCES reservations (order_id), "
                "sku TEXT NOT NULL REFERENCES items (sku), quantity INTEGER NOT NULL, PRIMARY KEY (order_id, sku)) "
                "WITHOUT ROWID;") +
            "INSERT INTO reservation_lines VALUES ('" + order + "', 'a', 2), ('" + order +
            "', 'b', 3);"
            "ALTER TABLE reservations DROP COLUMN lines;"
            "DELETE FROM svc_migrations WHERE name = '002_lines_in_their_reservation'");
  module = make(Config{}, world.environment, file);
  REQUIRE(world.ask(module->service(), world.anyone(), CommitReservation{order}));
  CHECK(world.ask(module->service(), world.admin(), GetItem{"a"})->on_hand == 3);
  CHECK(world.ask(module->service(), world.admin(), GetItem{"b"})->on_hand == 2);
}

TEST_CASE("the tables themselves never let stock go below zero") {
  World world;
  const auto module = make(Config{}, world.environment, world.dir / "inventory.db");
  REQUIRE(world.ask(module->service(), world.admin(), PutItem{"a", "A", {1, "USD"}, 5}));
  SQLite::Database database((world.dir / "inventory.db").string(), SQLite::OPEN_READWRITE);
  CHECK_THROWS(database.exec("UPDATE items SET on_hand = -1"));
  CHECK_THROWS(database.exec("UPDATE items SET reserved = -1"));
  CHECK_THROWS(database.exec("UPDATE items SET reserved = 6"));
}

}  // namespace
}  // namespace svc::inventory
