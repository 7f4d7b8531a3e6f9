// What becomes of orders that are cancelled, or cannot be carried out.
#include <thread>

#include "contract/order_fixture.h"

namespace svc::order {
namespace {

TEST_CASE("a confirmed order can be cancelled, once, and everything comes back") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 3}});
  const auto cancelled = f.ask(f.me(), CancelOrder{order->id});
  REQUIRE(cancelled.has_value());
  CHECK(cancelled->status == OrderStatus::cancelled);
  CHECK_FALSE(cancelled->failure);
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.held_money() == 0);
  CHECK(*f.ask(f.me(), CancelOrder{order->id}) == *cancelled);
  CHECK(f.timeline(order->id) == Lines{"create 1 done", "reserve 1 done", "pay 1 done", "confirm 1 done",
                                       "cancel 1 done", "refund 1 done", "release 1 done"});
}

TEST_CASE("when a step cannot be done for long, what may have happened is undone") {
  const auto [ample_stock, failing] = GENERATE(table<std::int64_t, std::string>(
      {{held_first, "commit_reservation"}, {held_first, "book_charge"}, {sold_at_once, "book_charge"}}));
  Fixture f(quick(), ample_stock);
  CAPTURE(name_of(f.lane));
  CAPTURE(failing);
  *f.fault = [failing = failing](std::string_view operation) -> std::optional<Error> {
    if (operation != failing) return std::nullopt;
    return Error{Code::timeout, "no_answer", "", {}, {}};
  };
  const auto order = f.place({{"a", 1}});
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::cancelled);
  CHECK(order->failure->code == "confirm_failed");
  CHECK(order->failure->step == FailedStep::reserve);
  CHECK(order->payment_id.has_value() == (failing == "commit_reservation"));  // what was not booked is no payment
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.held_money() == 0);
  CHECK(f.charge_of(order->id) == "refunded");
}

TEST_CASE("a reservation that expired under an order turns it back") {
  Fixture f(quick(), held_first);
  CAPTURE(name_of(f.lane));
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "commit_reservation") return std::nullopt;
    return Error{Code::conflict, "reservation_expired", "It was held for its time and given back", {}, {}};
  };
  const auto order = f.place({{"a", 1}});
  CHECK(order->status == OrderStatus::cancelled);
  CHECK(order->failure ==
        OrderFailure{FailedStep::reserve, "reservation_expired", "It was held for its time and given back"});
  CHECK(f.held_money() == 0);
}

TEST_CASE("units do not wait for money that cannot be given back") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const bool paid = GENERATE(true, false);
  CAPTURE(paid);
  *f.fault = [paid](std::string_view operation) -> std::optional<Error> {
    if (operation != "refund" && (paid || operation != "charge")) return std::nullopt;
    return Error{Code::timeout, "no_answer", "", {}, {}};
  };
  const auto order = f.place({{"a", 1}});
  REQUIRE(order);
  if (paid) CHECK(f.ask(f.me(), CancelOrder{order->id}).error().reason == "order_needs_attention");
  CHECK(f.ask(f.me(), GetOrder{order->id})->status == OrderStatus::needs_attention);
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.ask(f.world.admin(), AbandonOrder{order->id})->status == OrderStatus::cancelled);
  CHECK(f.stock("a") == Stock{10, 0});
}

TEST_CASE("what was counted on and is not there after all gives the money back that went beside it") {
  Fixture f(quick(), sold_at_once);
  CAPTURE(name_of(f.lane));
  const auto [method, charge] =
      GENERATE(table<std::string, std::string>({{"tok_visa", "refunded"}, {"tok_declined", "declined"}}));
  CAPTURE(method);
  std::atomic<bool> broken{GENERATE(false, true)};
  *f.fault = [&](std::string_view operation) -> std::optional<Error> {
    if (operation == "sell_items") return Error{Code::conflict, "out_of_stock", "There is not enough of a", {}, {}};
    if (operation == "refund" && broken) return Error{Code::timeout, "no_answer", "", {}, {}};
    return std::nullopt;
  };
  auto order = f.place({{"a", 1}}, method);
  REQUIRE(order);
  if (broken) {  // so that it is undone by one who has not seen the charge
    CHECK(order->status == OrderStatus::needs_attention);
    broken = false;
    order = f.ask(f.world.admin(), RetryOrder{order->id});
    REQUIRE(order);
  } else {
    CHECK(f.timeline(order->id) == Lines{"create 1 done", "reserve 1 refused", "refund 1 done", "release 1 done"});
  }
  CHECK(order->status == OrderStatus::cancelled);
  CHECK(order->failure == OrderFailure{FailedStep::reserve, "out_of_stock", "There is not enough of a"});
  CHECK_FALSE(order->payment_id);  // as if it had not been asked for
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.held_money() == 0);
  CHECK(f.charge_of(order->id) == charge);
}

TEST_CASE("a sale whose answer is lost is asked for again, and of the charge beside it only what was not decided") {
  Fixture f(quick(), sold_at_once);
  CAPTURE(name_of(f.lane));
  const bool charge_lost = GENERATE(false, true);
  CAPTURE(charge_lost);
  std::atomic<int> sales{0}, charges{0};
  *f.fault = [&](std::string_view operation) -> std::optional<Error> {
    const bool lost =
        (operation == "charge" && ++charges == 1 && charge_lost) || (operation == "sell_items" && ++sales == 1);
    return lost ? std::optional(Error{Code::timeout, "no_answer", "", {}, {}}) : std::nullopt;
  };
  const auto order = f.place({{"a", 1}});
  REQUIRE(order);
  CHECK(order->status == OrderStatus::confirmed);
  CHECK(sales == 2);
  CHECK(charges == (charge_lost ? 2 : 1));
  CHECK(f.stock("a") == Stock{9, 0});
  CHECK(f.held_money() == 100);
  CHECK(f.timeline(order->id) ==
        Lines{"create 1 done", "reserve 1 timeout", "reserve 2 done", "pay 1 done", "confirm 1 done"});
}

TEST_CASE("an order that sells at once is taken up by another process, which holds first") {
  Config patient = quick();
  patient.saga.forward_attempts = 1'000;
  Fixture f(patient, sold_at_once);
  CAPTURE(name_of(f.lane));
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "book_charge") return std::nullopt;
    return Error{Code::unavailable, "service_unavailable", "", {}, {}};
  };
  const auto placed = f.ask(f.without_wait(f.me()), PlaceOrder{{{"a", 1}}, "tok_visa", {}});
  REQUIRE(placed);
  REQUIRE(test::eventually([&] { return f.stock("a") == Stock{9, 0}; }));
  f.module->stop();
  SQLite::Database((f.world.dir / "order.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE sagas SET step = 0, attempt = 1");  // as a kill leaves it
  *f.fault = [](std::string_view) { return std::nullopt; };
  const auto successor = f.make_module("successor");
  successor->start();
  CHECK(f.wait_for(placed->id, OrderStatus::confirmed).payment_id);
  CHECK(f.stock("a") == Stock{9, 0});
  CHECK(f.held_money() == 100);
  successor->stop();
}

TEST_CASE("an order that cannot be undone waits for a person, who retries or abandons it") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  std::atomic<bool> broken{true};
  *f.fault = [&](std::string_view operation) -> std::optional<Error> {
    if (!broken || operation != "release_reservation") return std::nullopt;
    return Error{Code::timeout, "no_answer", "", {}, {}};
  };
  const auto order = f.place({{"a", 1}}, "tok_declined");
  REQUIRE(order.has_value());
  CHECK(order->status == OrderStatus::needs_attention);
  CHECK(f.ask(f.me(), CancelOrder{order->id}).error().reason == "order_needs_attention");
  CHECK(f.place({{"b", 1}})->status == OrderStatus::confirmed);  // blocks no other

  SECTION("retried") {
    broken = false;
    const auto retried = f.ask(f.world.admin("joe"), RetryOrder{order->id});
    REQUIRE(retried.has_value());
    CHECK(retried->status == OrderStatus::cancelled);
    CHECK(f.stock("a") == Stock{10, 0});
    const auto entries = f.ask(f.world.admin(), GetTimeline{order->id})->items;
    CHECK(entries.at(entries.size() - 2).step == "retry");
    CHECK(entries.at(entries.size() - 2).detail == "by joe");
    CHECK(f.ask(f.world.admin(), RetryOrder{order->id}).error().reason == "order_cancelled");
  }
  SECTION("retried in vain") {
    CHECK(f.ask(f.world.admin(), RetryOrder{order->id})->status == OrderStatus::needs_attention);
  }
  SECTION("abandoned when stock can be had back again") {
    broken = false;
    CHECK(f.ask(f.world.admin("joe"), AbandonOrder{order->id})->status == OrderStatus::cancelled);
    CHECK(f.stock("a") == Stock{10, 0});
    CHECK(f.ask(f.world.admin(), GetTimeline{order->id})->items.back().detail == "by joe");
  }
  SECTION("abandoned") {
    const auto abandoned = f.ask(f.world.admin("joe"), AbandonOrder{order->id});
    REQUIRE(abandoned.has_value());
    CHECK(abandoned->status == OrderStatus::cancelled);
    const auto last = f.ask(f.world.admin(), GetTimeline{order->id})->items.back();
    CHECK(last.step == "abandon");
    CHECK(last.detail == "by joe; its units were not given back");
    CHECK(f.ask(f.world.admin(), AbandonOrder{order->id}).error().code == Code::conflict);
  }
  CHECK(f.ask(f.world.admin(), RetryOrder{f.world.ids.next()}).error().code == Code::not_found);
}

TEST_CASE("however many cancel an order at once, it is undone once, and cancelled is no fault") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 3}});
  const auto faults = f.world.run([&]() -> Task<int> {
    std::vector<Reply<CancelOrder>> cancels;
    for (int i = 0; i < 30; ++i) cancels.push_back(f.orders->handle(f.me(), CancelOrder{order->id}));
    int others = 0;
    for (auto& cancel : cancels) {
      auto cancelled = co_await cancel;
      if (!cancelled || cancelled->status != OrderStatus::cancelled) ++others;
    }
    co_return others;
  });
  CHECK(faults == 0);  // a gateway that asks again must not make one of what is no fault
  CHECK(f.wait_for(order->id, OrderStatus::cancelled).payment_id);
  CHECK(f.stock("a") == Stock{10, 0});
  CHECK(f.held_money() == 0);
}

TEST_CASE("an order whose process ended behind the payment, and whose reservation expired meanwhile, is refunded") {
  Config patient = quick();
  patient.saga.forward_attempts = 1'000;
  Fixture f(patient, held_first);
  CAPTURE(name_of(f.lane));
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "commit_reservation") return std::nullopt;
    return Error{Code::unavailable, "service_unavailable", "", {}, {}};
  };
  std::thread placing([&] { f.place({{"a", 1}}); });
  REQUIRE(test::eventually([&] { return f.held_money() == 100; }));
  f.module->stop();
  placing.join();
  // As a kill at the first try leaves it: that it has come so far was never written down.
  SQLite::Database((f.world.dir / "order.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE sagas SET step = 0, attempt = 1");
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "reserve_items") return std::nullopt;
    return Error{Code::conflict, "reservation_expired", "It was held for its time and given back", {}, {}};
  };
  const auto successor = f.make_module("successor");
  successor->start();
  const auto orders = f.ask(f.world.admin(), ListOrders{})->items;
  REQUIRE(orders.size() == 1);
  const auto order = f.wait_for(orders[0].id, OrderStatus::cancelled);
  CHECK(order.failure->code == "reservation_expired");
  CHECK(order.payment_id);
  CHECK(f.held_money() == 0);
  successor->stop();
}

TEST_CASE("an order that another process takes up at its last step names its payment") {
  Config patient = quick();
  patient.saga.forward_attempts = patient.saga.undo_attempts = 1'000;
  Fixture f(patient, held_first);
  CAPTURE(name_of(f.lane));
  const auto [method, held_up, status] = GENERATE(
      table<std::string, std::string, OrderStatus>({{"tok_visa", "commit_reservation", OrderStatus::confirmed},
                                                    {"tok_declined", "release_reservation", OrderStatus::cancelled}}));
  CAPTURE(method);
  *f.fault = [held_up = held_up](std::string_view operation) -> std::optional<Error> {
    if (operation != held_up) return std::nullopt;
    return Error{Code::unavailable, "service_unavailable", "", {}, {}};
  };
  const auto placed = f.ask(f.without_wait(f.me()), PlaceOrder{{{"a", 1}}, method, {}});
  REQUIRE(placed);
  const auto tries = [&] {
    SQLite::Database database((f.world.dir / "order.db").string());
    return database.execAndGet("SELECT CASE WHEN state = 'compensating' OR step = 2 THEN attempt ELSE 0 END FROM sagas")
        .getInt();
  };
  REQUIRE(test::eventually([&] { return tries() > 1; }));
  f.module->stop();
  *f.fault = [](std::string_view) { return std::nullopt; };
  const auto successor = f.make_module("successor");
  successor->start();
  CHECK(f.wait_for(placed->id, status).payment_id);
  CHECK(f.held_money() == (status == OrderStatus::confirmed ? 100 : 0));
  successor->stop();
}

TEST_CASE("a cancellation that gets stuck is told as a conflict") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto order = f.place({{"a", 1}});
  *f.fault = [](std::string_view operation) -> std::optional<Error> {
    if (operation != "refund") return std::nullopt;
    return Error{Code::timeout, "no_answer", "", {}, {}};
  };
  CHECK(f.ask(f.me(), CancelOrder{order->id}).error().reason == "order_needs_attention");
  CHECK(f.ask(f.me(), GetOrder{order->id})->payment_id);
}

}  // namespace
}  // namespace svc::order
