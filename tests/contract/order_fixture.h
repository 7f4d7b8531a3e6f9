// The order module with the others behind it, over each lane, by links that a test can cut.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>
#include <mutex>

#include "inventory/module.h"
#include "order/module.h"
#include "order/order.h"
#include "payment/module.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/world.h"
#include "user/module.h"

namespace svc::order {

using inventory::Line;

inline Config quick() {
  Config config;
  config.saga.backoff_ms = 1;
  config.saga.step_timeout_ms = 300;
  config.saga.forward_attempts = 4;
  config.saga.undo_attempts = 3;
  config.saga.poll_ms = 20;
  return config;
}

/// What a link answers in place of its service; may be changed while links ask.
class Fault {
 public:
  using Tell = std::function<std::optional<Error>(std::string_view operation)>;
  Fault& operator=(Tell tell) {
    const std::lock_guard lock(mutex_);
    tell_ = std::move(tell);
    return *this;
  }
  std::optional<Error> operator()(std::string_view operation) const {
    const std::lock_guard lock(mutex_);
    return tell_(operation);
  }

 private:
  mutable std::mutex mutex_;
  Tell tell_ = [](std::string_view) { return std::nullopt; };
};

// How many times what is ordered must be in stock for it to be sold beside the charge.
inline constexpr std::int64_t held_first = 1'000, sold_at_once = 1;
inline std::int64_t either_way() { return GENERATE(held_first, sold_at_once); }

struct Fixture {
  explicit Fixture(Config chosen = quick(), std::int64_t ample_stock = either_way());
  ~Fixture() {
    module->stop();
    user_module->stopping();  // questions of its feed that are let go end now
    world.settle();
  }

  test::Lane lane = GENERATE(from_range(test::lanes));
  test::World world;
  std::shared_ptr<Fault> fault = std::make_shared<Fault>();
  std::unique_ptr<Hosted<user::Users>> user_module = user::make({}, world.environment, world.dir / "user.db");
  std::unique_ptr<Hosted<inventory::Inventory>> inventory_module;
  std::unique_ptr<Hosted<payment::Payments>> payment_module =
      payment::make(payment::Config{}, world.environment, world.dir / "payment.db");
  std::unique_ptr<user::Users> users = cut(world.open(lane, user_module->service()));
  std::unique_ptr<EventFeed> user_events = cut(world.open(lane, *user_module->feed()));
  std::unique_ptr<inventory::Inventory> inventory;
  std::unique_ptr<payment::Payments> payments = cut(world.open(lane, payment_module->service()));
  Config config;
  std::unique_ptr<Hosted<Orders>> module;
  std::unique_ptr<Orders> orders = world.open(lane, module->service());
  std::string ann;

  /// The module as a process of this name hosts it, on the same database.
  std::unique_ptr<Hosted<Orders>> make_module(const std::string& instance) {
    const Environment environment{world.loops, world.clock, world.ids, instance, world.dir.path(), world.events};
    return make(config, environment, world.dir / "order.db", {*users, *user_events, *inventory, *payments});
  }
  /// A link that a test can cut: answers of the real service, unless `fault` tells otherwise.
  template <class S>
  std::unique_ptr<S> cut(std::unique_ptr<S> real);
  void put(const std::string& sku, std::int64_t on_hand, std::int64_t amount, const std::string& currency = "USD");
  template <class Op>
  auto ask(Call call, Op op) {
    return world.ask(*orders, call, op);
  }
  Call me() { return world.customer(ann); }
  static Call with_key(Call call, const std::string& key) {
    auto origin = std::make_shared<Origin>(*call.origin);
    origin->idempotency_key = key;
    call.origin = origin;
    return call;
  }
  static Call without_wait(Call call) {
    auto origin = std::make_shared<Origin>(*call.origin);
    origin->wait = seconds{0};
    call.origin = origin;
    return call;
  }
  Result<Order> place(std::vector<Line> lines, const std::string& method = "tok_visa") {
    return ask(me(), PlaceOrder{std::move(lines), method, {}});
  }
  std::pair<std::int64_t, std::int64_t> stock(const std::string& sku) {
    const auto item = world.ask(*inventory, world.admin(), inventory::GetItem{sku});
    return {*item->on_hand, *item->reserved};
  }
  int held_money() {
    SQLite::Database database((world.dir / "payment.db").string());
    return database.execAndGet("SELECT COALESCE(SUM(amount), 0) FROM ledger").getInt();
  }
  // How the provider has it.
  std::string charge_of(const std::string& order_id) {
    SQLite::Database order((world.dir / "order.db").string()), provider((world.dir / "payment-provider.db").string());
    SQLite::Statement key(order, "SELECT payment_id FROM orders WHERE id = ?");
    key.bind(1, order_id);
    if (!key.executeStep()) return "no such order";
    SQLite::Statement state(provider, "SELECT state FROM charges WHERE key = ?");
    state.bind(1, key.getColumn(0).getString());
    return state.executeStep() ? state.getColumn(0).getString() : "none";
  }
  int count(const std::string& table) {
    SQLite::Database database((world.dir / "order.db").string());
    return database.execAndGet("SELECT COUNT(*) FROM " + table).getInt();
  }
  std::vector<std::string> timeline(const std::string& id) {
    std::vector<std::string> lines;
    const auto told = ask(world.admin(), GetTimeline{id});
    for (const auto& entry : told->items)
      lines.push_back(entry.step + " " + std::to_string(entry.attempt) + " " + entry.outcome);
    return lines;
  }
  Order wait_for(const std::string& id, OrderStatus status) {
    std::optional<Order> order;
    REQUIRE(test::eventually([&] {
      order = *ask(world.admin(), GetOrder{id});
      return order->status == status;
    }));
    return *order;
  }
};
using Stock = std::pair<std::int64_t, std::int64_t>;
using Lines = std::vector<std::string>;

}  // namespace svc::order
