#include "carriers/shop.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "support/catch.h"

namespace svc::test {

using nlohmann::json;

Shop::Shop(Placement placement, std::vector<std::string> flags)
    : system(std::move(placement), std::move(flags)), ops(system.operator_token()) {
  const auto stocked = send(system.gateway(), "PUT", "/items/anvil", bearer(ops),
                            R"({"name":"Anvil","unitPrice":{"amount":1999,"currency":"USD"},"onHand":100000})");
  REQUIRE(stocked.status == 201);
}

Customer Shop::customer(const std::string& name, const std::string& locale) const {
  const json account{
      {"name", name}, {"email", name + "@example.com"}, {"password", "correct horse"}, {"locale", locale}};
  const auto made = send(system.gateway(), "POST", "/users", {}, account.dump());
  INFO(made.body);
  REQUIRE(made.status == 201);
  const json credentials{{"email", account["email"]}, {"password", account["password"]}};
  const auto session = send(system.gateway(), "POST", "/sessions", {}, credentials.dump());
  REQUIRE(session.status == 201);
  return {made.json()["id"], session.json()["accessToken"]};
}

void Shop::leave(const Customer& customer) const {
  REQUIRE(send(system.gateway(), "DELETE", "/users/" + customer.id, bearer(customer.token)).status == 204);
}

Answer Shop::ask_for_anvil(const Customer& customer, const std::string& method) const {
  const json wanted{{"items", {{{"sku", "anvil"}, {"quantity", 1}}}}, {"paymentMethod", method}};
  return send(system.gateway(), "POST", "/orders", bearer(customer.token), wanted.dump());
}

std::string Shop::order(const Customer& customer, const std::string& method) const {
  const auto placed = ask_for_anvil(customer, method);
  INFO(placed.body);
  REQUIRE(placed.status == 201);
  return placed.json()["id"];
}

json Shop::notifications(const std::string& order) const {
  json found = json::array();
  const auto all = send(system.gateway(), "GET", "/notifications?limit=200", bearer(ops)).json();
  if (!all.is_object() || !all.contains("items")) return found;
  for (const auto& notification : all["items"])
    if (notification["orderId"] == order) found.insert(found.begin(), notification);
  return found;
}

bool Shop::is_notified(const std::string& order, const std::string& kind, const std::string& status) const {
  return eventually([&] {
    for (const auto& notification : notifications(order))
      if (notification["kind"] == kind && notification["status"] == status) return true;
    return false;
  });
}

std::size_t Shop::mails() const {
  const auto delivered = system.data() / "mail/new";
  std::error_code none;
  const std::filesystem::directory_iterator files(delivered, none);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

json Shop::events(const std::string& consumer) const {
  const auto told = administer("GET", "/admin/events?limit=200&consumer=" + consumer).json();
  if (!told.is_object() || !told.contains("items") || !told["items"].at(0).contains("events")) return json::object();
  return told["items"][0]["events"];
}

std::string Shop::trouble(const std::string& consumer) const {
  const auto events = this->events(consumer);
  if (!events.contains("feeds") || events["feeds"].empty()) return {};
  return events["feeds"][0].value("trouble", "");
}

int Shop::lag(const std::string& consumer) const {
  const auto events = this->events(consumer);
  if (!events.contains("feeds") || events["feeds"].empty()) return 0;
  return events["feeds"][0]["lag"];
}

json Shop::parked(const std::string& consumer, const std::string& type) const {
  const auto events = this->events(consumer);
  for (const auto& parked : events.value("items", json::array()))
    if (parked["event"]["type"] == type) return parked;
  return nullptr;
}

Answer Shop::administer(const std::string& method, const std::string& path) const {
  return send(system.operations(), method, path, bearer(ops));
}

int Shop::count(const std::string& module, const std::string& query) const {
  SQLite::Database database((system.data() / (module + ".db")).string(), SQLite::OPEN_READWRITE, 5'000);
  return database.execAndGet(query).getInt();
}

bool Shop::is_copied(const Customer& customer) const {
  return count("order", "SELECT COUNT(*) FROM customers WHERE id = '" + customer.id + "'") == 1;
}

}  // namespace svc::test
