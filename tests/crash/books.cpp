#include "crash/books.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "support/catch.h"
#include "support/eventually.h"

namespace svc::test {
namespace {

int number(const std::filesystem::path& file, const std::string& query) {
  const SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
  SQLite::Statement statement(database, query);
  return statement.executeStep() ? statement.getColumn(0).getInt() : 0;
}

}  // namespace

Shop::Shop(System& system) : ops(system.operator_token()) {
  REQUIRE(send(system.gateway(), "POST", "/users", {},
               R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})")
              .status == 201);
  customer =
      send(system.gateway(), "POST", "/sessions", {}, R"({"email":"ann@example.com","password":"correct horse"})")
          .json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops),
               R"({"name":"Anvil","unitPrice":{"amount":)" + std::to_string(price) + R"(,"currency":"USD"},"onHand":)" +
                   std::to_string(stock) + "}")
              .status == 201);
}

Answer Shop::place(System& system, const std::string& method, int quantity, const std::string& key) const {
  HeaderList headers = bearer(customer);
  if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
  headers.emplace_back("Prefer", "wait=20");
  return send(system.gateway(), "POST", "/orders", headers,
              R"({"items":[{"sku":"anvil","quantity":)" + std::to_string(quantity) + R"(}],"paymentMethod":")" +
                  method + "\"}");
}

Answer Shop::cancel(System& system, const std::string& order_id) const {
  return send(system.gateway(), "POST", "/orders/" + order_id + "/cancel", bearer(customer));
}

std::string Shop::status_of(System& system, const std::string& order_id) const {
  return send(system.gateway(), "GET", "/orders/" + order_id, bearer(customer)).json().value("status", "");
}

std::vector<nlohmann::json> settled_orders(System& system, const Shop& shop) {
  const auto none_pending = [&] {
    const auto page = send(system.gateway(), "GET", "/orders?status=pending&limit=1", bearer(shop.ops));
    return page.status == 200 && page.json()["items"].empty();
  };
  if (!eventually(none_pending)) FAIL("an order is still pending after 30 seconds\n" << system.logs());
  std::vector<nlohmann::json> orders;
  std::string cursor;
  do {
    const auto page = send(system.gateway(), "GET", "/orders?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor),
                           bearer(shop.ops))
                          .json();
    for (const auto& order : page["items"]) orders.push_back(order);
    cursor = page.value("nextCursor", "");
  } while (!cursor.empty());
  return orders;
}

void check_books(System& system, const std::vector<nlohmann::json>& orders) {
  int sold = 0, paid = 0;
  for (const auto& order : orders) {
    const std::string status = order["status"];
    INFO(order.dump());
    CHECK((status == "confirmed" || status == "cancelled"));
    if (status != "confirmed") continue;
    for (const auto& line : order["items"]) sold += line["quantity"].get<int>();
    paid += order["totalAmount"]["amount"].get<int>();
  }
  const auto data = system.data();
  // Stock: what is not sold is there, and none of it is held.
  CHECK(number(data / "inventory.db", "SELECT on_hand FROM items WHERE sku = 'anvil'") == Shop::stock - sold);
  CHECK(number(data / "inventory.db", "SELECT reserved FROM items WHERE sku = 'anvil'") == 0);
  CHECK(number(data / "inventory.db", "SELECT COUNT(*) FROM reservations WHERE state = 'held'") == 0);
  // Money: what we hold is what confirmed orders cost, in our books and in the provider's.
  CHECK(number(data / "payment.db", "SELECT COALESCE(SUM(amount), 0) FROM ledger") == paid);
  CHECK(number(data / "payment-provider.db", "SELECT COALESCE(SUM(amount), 0) FROM charges WHERE state = 'approved'") ==
        paid);
  // Nothing charged twice: at most one approved charge for an order, and it is the order's own payment.
  CHECK(number(data / "payment.db",
               "SELECT COUNT(*) FROM (SELECT order_id FROM payments WHERE status = 'captured' GROUP BY order_id HAVING "
               "COUNT(*) > 1)") == 0);
  CHECK(number(data / "order.db", "SELECT COUNT(*) FROM sagas WHERE state NOT IN ('done', 'undone', 'abandoned')") ==
        0);
}

}  // namespace svc::test
