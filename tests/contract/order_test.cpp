// What the order module promises, over each lane; its own links to the others use the same lane.
#include <future>

#include "contract/order_fixture.h"

namespace svc::order {
namespace {

TEST_CASE("an order is reserved, paid and confirmed, at the catalogue's prices") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 2}, {"b", 1}});
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::confirmed);
  CHECK(order->user_id == f.ann);
  CHECK(order->total_amount == Money{450, "USD"});
  CHECK(order->items[1] == inventory::PricedLine{"b", 1, {250, "USD"}});
  CHECK_FALSE(order->failure);
  REQUIRE(order->payment_id);
  CHECK(f.world.ask(*f.payments, f.me(), payment::GetPayment{*order->payment_id})->amount == Money{450, "USD"});
  CHECK(f.stock("a") == Stock{8, 0});
  CHECK(f.held_money() == 450);
  CHECK(*f.ask(f.me(), GetOrder{order->id}) == *order);
  CHECK(f.timeline(order->id) == Lines{"create 1 done", "reserve 1 done", "pay 1 done", "confirm 1 done"});
}

TEST_CASE("a declined payment makes an order that is cancelled, with everything given back") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 2}}, "tok_declined");
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::cancelled);
  CHECK(order->failure == OrderFailure{FailedStep::pay, "payment_declined", "The payment was declined"});
  CHECK(f.world.ask(*f.payments, f.me(), payment::GetPayment{*order->payment_id})->status ==
        payment::PaymentStatus::declined);
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.held_money() == 0);
  CHECK(f.timeline(order->id) == Lines{"create 1 done", "reserve 1 done", "pay 1 refused", "release 1 done"});
}

TEST_CASE("missing stock makes an order that is cancelled") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 1}, {"b", 6}});
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::cancelled);
  CHECK(order->failure == OrderFailure{FailedStep::reserve, "out_of_stock", "There is not enough of b"});
  CHECK_FALSE(order->payment_id);
  CHECK(f.stock("a") == Stock{10, 0});
}

TEST_CASE("a charge whose answer is lost, and a provider that fails, are tried again") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto lost = f.place({{"a", 1}}, "tok_timeout");
  CHECK(lost->status == OrderStatus::confirmed);
  CHECK(f.timeline(lost->id) ==
        Lines{"create 1 done", "reserve 1 done", "pay 1 timeout", "pay 2 done", "confirm 1 done"});
  const auto flaky = f.place({{"a", 1}}, "tok_flaky");
  CHECK(flaky->status == OrderStatus::confirmed);
  CHECK(f.timeline(flaky->id) == Lines{"create 1 done", "reserve 1 done", "pay 1 unavailable", "pay 2 unavailable",
                                       "pay 3 done", "confirm 1 done"});
  CHECK(f.held_money() == 200);
}

TEST_CASE("what is wrong with an order is named, all of it, and nothing is stored") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto pointers = [](const Result<Order>& refused) {
    Lines lines;
    for (const auto& violation : refused.error().violations) lines.push_back(violation.pointer);
    return lines;
  };
  const auto unknown = f.ask(f.world.admin(), PlaceOrder{{{"x", 1}, {"a", 1}, {"y", 1}}, "cash", f.world.ids.next()});
  CHECK(unknown.error().code == Code::invalid);
  CHECK(unknown.error().reason == "unknown_sku");
  CHECK(pointers(unknown) == Lines{"/items/0/sku", "/items/2/sku", "/userId", "/paymentMethod"});
  CHECK(f.place({{"a", 1}}, "cash").error().reason == "unknown_payment_method");
  CHECK(f.ask(f.world.admin(), PlaceOrder{{{"a", 1}}, "tok_visa", {}}).error().reason == "unknown_user");
  CHECK(pointers(f.place({})) == Lines{"/items"});
  CHECK(pointers(f.place({{"a", 0}, {"b", -1}, {"a b", 10'001}})) ==
        Lines{"/items/0/quantity", "/items/1/quantity", "/items/2/sku", "/items/2/quantity"});
  CHECK(pointers(f.place({{"a", 1}, {"b", 1}, {"a", 2}})) == Lines{"/items/2/sku"});
  CHECK(pointers(f.place(std::vector<Line>(101, Line{"a", 1}))) == Lines{"/items"});
  f.put("w", 5, 1000, "KRW");
  const auto mixed = f.place({{"a", 1}, {"w", 1}});
  CHECK(mixed.error().reason == "mixed_currencies");
  CHECK(pointers(mixed) == Lines{"/items/1/sku"});
  CHECK(f.count("orders") == 0);
  CHECK(f.count("sagas") == 0);
}

TEST_CASE("an order for somebody else is for admins to place, whatever else is wrong with it") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto other = f.world.ids.next();
  CHECK(f.ask(f.me(), PlaceOrder{{}, "", other}).error().code == Code::forbidden);
  CHECK(f.ask(f.me(), PlaceOrder{{{"a", 1}}, "tok_visa", f.ann}).has_value());
  const auto placed = f.ask(f.world.admin(), PlaceOrder{{{"a", 1}}, "tok_visa", f.ann});
  REQUIRE(placed.has_value());
  CHECK(placed->user_id == f.ann);
  CHECK(f.ask(f.world.anyone(), PlaceOrder{{{"a", 1}}, "tok_visa", {}}).error().code == Code::unauthenticated);
}

TEST_CASE("orders are seen by their owner and by admins, and by nobody else") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 1}});
  const auto bob = f.world.customer(f.world.ids.next());
  const auto same_refusal = [](const auto& one, const auto& other) {
    return !one && !other && one.error() == other.error() && one.error().code == Code::not_found;
  };
  const auto missing = f.world.ids.next();
  CHECK(same_refusal(f.ask(bob, GetOrder{order->id}), f.ask(bob, GetOrder{missing})));
  CHECK(same_refusal(f.ask(bob, GetTimeline{order->id}), f.ask(bob, GetTimeline{missing})));
  CHECK(same_refusal(f.ask(bob, CancelOrder{order->id}), f.ask(bob, CancelOrder{missing})));
  CHECK(f.ask(bob, ListOrders{})->items.empty());
  CHECK(f.ask(f.world.admin(), GetOrder{order->id}).has_value());
  CHECK(f.ask(f.me(), RetryOrder{order->id}).error().code == Code::forbidden);
}

TEST_CASE("orders are listed newest first, in pages, by status") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  Lines made, declined;
  for (int i = 0; i < 5; ++i) {
    const auto order = f.place({{"a", 1}}, i % 2 ? "tok_declined" : "tok_visa");
    made.insert(made.begin(), order->id);
    if (i % 2) declined.insert(declined.begin(), order->id);
  }
  const auto all = [&](Call call, std::optional<OrderStatus> status) {
    Lines seen;
    std::optional<std::string> cursor;
    do {
      const auto page = f.ask(call, ListOrders{2, cursor, status});
      for (const auto& order : page->items) seen.push_back(order.id);
      cursor = page->next_cursor;
    } while (cursor);
    return seen;
  };
  CHECK(all(f.me(), {}) == made);
  CHECK(all(f.world.admin(), {}) == made);
  CHECK(all(f.me(), OrderStatus::cancelled) == declined);
  CHECK(all(f.world.admin(), OrderStatus::cancelled) == declined);
  CHECK(all(f.me(), OrderStatus::needs_attention).empty());
}

TEST_CASE("an Idempotency-Key makes one order of many requests") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const PlaceOrder command{{{"a", 1}}, "tok_visa", {}};
  const auto keyed = Fixture::with_key(f.me(), "k1");
  const auto first = f.ask(keyed, command);
  REQUIRE(first.has_value());
  CHECK(*f.ask(keyed, command) == *first);
  CHECK(f.count("orders") == 1);

  SECTION("it answers the order as it is now") {
    REQUIRE(f.ask(f.me(), CancelOrder{first->id}));
    CHECK(f.ask(keyed, command)->status == OrderStatus::cancelled);
  }
  SECTION("another body under the same key is refused") {
    const auto refused = f.ask(keyed, PlaceOrder{{{"a", 2}}, "tok_visa", {}});
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().reason == "idempotency_key_reused");
  }
  SECTION("keys belong to users") {
    const auto other =
        f.world.ask(*f.users, f.world.anyone(), user::CreateUser{"Bob", "bob@example.com", "correct horse", {}});
    const auto theirs = f.ask(Fixture::with_key(f.world.customer(other->id), "k1"), command);
    CHECK(theirs->id != first->id);
  }
  SECTION("a key is forgotten after a day") {
    f.world.clock.advance(std::chrono::hours{24});
    CHECK(f.ask(Fixture::with_key(f.me(), "k1"), command)->id != first->id);
  }
  SECTION("a refusal stores nothing, and the key is free for a better try") {
    const auto again = Fixture::with_key(f.me(), "k2");
    CHECK_FALSE(f.ask(again, PlaceOrder{{{"nothing", 1}}, "tok_visa", {}}));
    CHECK(f.ask(again, command).has_value());
  }
}

TEST_CASE("while the first request with a key is being answered, a second is told to wait") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const PlaceOrder command{{{"a", 1}}, "tok_timeout", {}};
  const auto keyed = Fixture::with_key(f.me(), "k1");
  auto answering = std::async(std::launch::async, [&] { return f.ask(keyed, command); });
  REQUIRE(test::eventually([&] { return f.count("idempotency_keys") == 1; }));
  const auto second = f.ask(keyed, command);
  const auto first = answering.get();
  CHECK(first.has_value());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Code::conflict);
  CHECK(second.error().reason == "still_being_answered");
  CHECK(f.ask(keyed, command)->id == first->id);
}

TEST_CASE("when two processes have a key at once, there is one order") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto other = f.make_module("other");
  const auto [first, second] = f.world.run([&]() -> Task<std::pair<Result<Order>, Result<Order>>> {
    const PlaceOrder command{{{"a", 10}}, "tok_visa", {}};
    auto one = f.module->service().handle(f.with_key(f.me(), "k"), command);
    auto two = other->service().handle(f.with_key(f.me(), "k"), command);
    auto one_placed = co_await one;
    auto two_placed = co_await two;
    co_return std::pair{std::move(one_placed), std::move(two_placed)};
  });
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->id == second->id);
  CHECK(f.count("orders") == 1);
  CHECK(f.wait_for(first->id, OrderStatus::confirmed).id == second->id);  // though there was stock for one only
  CHECK(f.stock("a") == Stock{0, 0});
}

TEST_CASE("orders that an older program wrote keep their lines, and are listed") {
  Fixture f;
  if (f.lane != test::Lane::local) return;  // a database has no lanes
  const auto first = *f.place({{"b", 1}, {"a", 2}}), second = *f.place({{"a", 1}}, "tok_declined");
  f.module->stop();
  f.module.reset();
  SQLite::Database((f.world.dir / "order.db").string(), SQLite::OPEN_READWRITE)
      .exec(std::string(
                "CREATE TABLE order_lines (order_id TEXT NOT NULL REFERENCES orders (id), number INTEGER NOT NULL, "
                "sku TEXT NOT NULL, quantity INTEGER NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, "
                "PRIMARY KEY (order_id, number)) WITHOUT ROWID;") +
            "INSERT INTO order_lines VALUES ('" + first.id + "', 0, 'b', 1, 250, 'USD'), ('" + first.id +
            "', 1, 'a', 2, 100, 'USD'), ('" + second.id +
            "', 0, 'a', 1, 100, 'USD');"
            "ALTER TABLE orders DROP COLUMN lines;"
            "DROP INDEX orders_pending; DROP INDEX orders_by_user_and_status; DROP INDEX orders_by_status;"
            "CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id);"
            "CREATE INDEX orders_by_status ON orders (status, id);"
            "DELETE FROM svc_migrations WHERE name = '003_written_once'");
  f.module = f.make_module("newer");
  f.module->start();
  f.orders = f.world.open(f.lane, f.module->service());
  CHECK(*f.ask(f.me(), GetOrder{first.id}) == first);
  CHECK(f.ask(f.me(), ListOrders{})->items == std::vector<Order>{second, first});
  CHECK(f.ask(f.me(), ListOrders{50, {}, OrderStatus::cancelled})->items == std::vector<Order>{second});
}

TEST_CASE("who will not wait gets the order as it is, and it goes on") {
  Config patient = quick();
  patient.saga.forward_attempts = 1'000;
  Fixture f(patient);
  CAPTURE(name_of(f.lane));
  // A link passes no Prefer on: this is between a client and the service.
  if (f.lane != test::Lane::local) return;
  std::atomic<bool> held_up{true};
  *f.fault = [&](std::string_view operation) -> std::optional<Error> {
    if (!held_up || operation != "book_charge") return std::nullopt;
    return Error{Code::unavailable, "service_unavailable", "", {}, {}};
  };
  const auto order = f.ask(Fixture::without_wait(f.me()), PlaceOrder{{{"a", 1}}, "tok_visa", {}});
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::pending);
  const auto cancelled = f.ask(f.me(), CancelOrder{order->id});
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().reason == "order_pending");
  held_up = false;
  f.wait_for(order->id, OrderStatus::confirmed);
}

TEST_CASE("when another module cannot be asked, no order is made") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  for (const std::string missing : {"quote_items", "check_method"}) {
    *f.fault = [missing](std::string_view operation) -> std::optional<Error> {
      if (operation != missing) return std::nullopt;
      return fail(Code::unavailable, "service_unavailable", "x cannot be reached now").value();
    };
    const auto refused = f.place({{"a", 1}});
    CHECK(refused.error().code == Code::unavailable);
    CHECK(refused.error().retry_after == 1);
  }
  CHECK(f.count("orders") == 0);
}

TEST_CASE("when the user module cannot be asked, orders of users it has told of are taken all the same") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  f.put("a", 10, 100);
  REQUIRE(test::eventually([&] { return f.count("customers") == 1; }));
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "find_user") return std::nullopt;
    return fail(Code::unavailable, "service_unavailable", "user cannot be reached now").value();
  };
  const auto order = f.place({{"a", 1}});
  REQUIRE(order);
  CHECK(order->status == OrderStatus::confirmed);
  const auto timeline = f.ask(f.me(), GetTimeline{order->id});
  CHECK(timeline->items.front().detail.find("copy") != std::string::npos);

  SECTION("not those of users nobody has told of") {
    const auto refused = f.ask(f.world.admin(), PlaceOrder{{{"a", 1}}, "tok_visa", "nobody"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::unavailable);
  }
  SECTION("nor of those that were deleted") {
    REQUIRE(f.world.ask(*f.users, f.world.admin(), user::DeleteUser{f.ann}));
    REQUIRE(test::eventually([&] { return f.count("customers") == 0; }));
    const auto refused = f.place({{"a", 1}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::unavailable);
  }
  CHECK(f.count("orders") == 1);
}

TEST_CASE("a hundred buyers for one unit leave one confirmed order") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  f.put("one", 1, 100);
  const auto statuses = f.world.run([&]() -> Task<std::map<OrderStatus, int>> {
    std::vector<Reply<PlaceOrder>> buyers;
    for (int i = 0; i < 100; ++i) buyers.push_back(f.orders->handle(f.me(), PlaceOrder{{{"one", 1}}, "tok_visa", {}}));
    std::map<OrderStatus, int> counts;
    for (auto& buyer : buyers) {
      auto order = co_await buyer;
      ++counts[order->status];
    }
    co_return counts;
  });
  CHECK(statuses == std::map<OrderStatus, int>{{OrderStatus::confirmed, 1}, {OrderStatus::cancelled, 99}});
  CHECK(f.stock("one") == Stock{0, 0});
  CHECK(f.held_money() == 100);
}

}  // namespace
}  // namespace svc::order
