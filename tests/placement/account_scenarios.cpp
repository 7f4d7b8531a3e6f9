// Accounts and items.
#include "placement/order_words.h"
#include "placement/scenarios.h"
#include "support/catch.h"

namespace svc::test {
namespace {

void sign_up_and_in(Player& p) {
  const auto made =
      p.post("/users", "", R"({"name":"Cy","email":"Cy@Example.com","password":"correct horse","locale":"ko"})");
  CHECK(made.status == 201);
  const auto session = p.post("/sessions", "", R"({"email":"cY@example.com","password":"correct horse"})");
  CHECK(session.status == 201);
  const std::string token = session.json()["accessToken"];
  CHECK(p.get(made.header("Location"), token).status == 200);
  p.post("/users", "", R"({"name":"Cy","email":"CY@EXAMPLE.COM","password":"correct horse"})");
}
void sign_up_refused(Player& p) {
  p.post("/users", "", R"({"name":"","email":"nobody","password":"short","locale":"fr"})");
  p.post("/users", "", R"({"name":"Eve","email":"eve@example.com","password":"correct horse","role":"admin"})");
  p.post("/users", "", R"({"email":"eve@example.com"})");
  p.post("/users", "", "{}");
  p.post("/users", "", "[]");
  p.post("/users", "", "\"text\"");
  p.post("/sessions", "", R"({"email":"eve@example.com","password":"correct horse"})");
}
void sign_in_refused(Player& p) {
  p.post("/sessions", "", R"({"email":"ann@example.com","password":"wrong"})");
  p.post("/sessions", "", R"({"email":"nobody@example.com","password":"wrong"})");
  p.post("/sessions", "", R"({"email":5})");
}
void sign_in_with_a_stale_token(Player& p) {
  CHECK(p.post("/sessions", "not.a.token", R"({"email":"ann@example.com","password":"correct horse"})").status == 201);
}
void guessing_is_stopped(Player& p) {
  p.post("/users", "", R"({"name":"Gil","email":"gil@example.com","password":"correct horse"})");
  for (int i = 0; i < 10; ++i) p.post("/sessions", "", R"({"email":"gil@example.com","password":"guess"})");
  const auto stopped =
      send(p.system().gateway(), "POST", "/sessions", {}, R"({"email":"gil@example.com","password":"correct horse"})");
  CHECK(stopped.status == 429);  // its Retry-After counts down, so it is not compared
  CHECK_FALSE(stopped.header("Retry-After").empty());
}
void account_is_changed(Player& p) {
  const auto made = p.post("/users", "", R"({"name":"Di","email":"di@example.com","password":"correct horse"})");
  const std::string token =
      p.post("/sessions", "", R"({"email":"di@example.com","password":"correct horse"})").json()["accessToken"];
  const auto path = "/users/" + id_in(made);
  CHECK(p.ask("PATCH", path, token, R"({"name":"Diana","locale":"ko"})").status == 200);
  p.ask("PATCH", path, token, R"({"email":"ann@example.com"})");
  p.ask("PATCH", path, token, R"({"password":"battery staple"})");
  p.ask("PATCH", path, token, R"({"password":"battery staple","currentPassword":"wrong"})");
  CHECK(p.ask("PATCH", path, token, R"({"password":"battery staple","currentPassword":"correct horse"})").status ==
        200);
  p.ask("PATCH", path, token, R"({"role":"admin"})");
  p.ask("PATCH", path, token, R"({"name":null})");
  p.ask("PATCH", path, token, "{}");
  p.ask("PATCH", path, p.people.bob, R"({"name":"Mine"})");
}
void account_is_deleted(Player& p) {
  const auto made = p.post("/users", "", R"({"name":"Del","email":"del@example.com","password":"correct horse"})");
  const std::string token =
      p.post("/sessions", "", R"({"email":"del@example.com","password":"correct horse"})").json()["accessToken"];
  const auto path = "/users/" + id_in(made);
  p.ask("DELETE", path, p.people.bob);
  CHECK(p.ask("DELETE", path, token).status == 204);
  p.get(path, token);
  p.get(path, p.people.ops);
  p.stock("deleted", 5);
  p.post("/orders", token, order_of("deleted", 1));
}
void accounts_of_others(Player& p) {
  const auto foreign = p.get("/users/" + p.people.ann_id, p.people.bob);
  const auto missing = p.get("/users/0190a0a0-0000-7000-8000-000000000000", p.people.bob);
  CHECK(foreign.status == 404);
  CHECK(foreign.body == missing.body);
  p.get("/users/nonsense", p.people.bob);
  p.get("/users/" + p.people.ann_id, p.people.ops);
}
void roles(Player& p) {
  const auto made = p.post("/users", "", R"({"name":"Ro","email":"ro@example.com","password":"correct horse"})");
  const auto path = "/users/" + id_in(made) + "/role";
  p.put(path, p.people.bob, R"({"role":"admin"})");
  CHECK(p.put(path, p.people.ops, R"({"role":"admin"})").status == 200);
  p.put(path, p.people.ops, R"({"role":"king"})");
  p.put(path, p.people.ops, "{}");
  p.put("/users/nobody/role", p.people.ops, R"({"role":"admin"})");
  const std::string token =
      p.post("/sessions", "", R"({"email":"ro@example.com","password":"correct horse"})").json()["accessToken"];
  CHECK(p.get("/users?limit=1", token).status == 200);
}
void users_are_listed(Player& p) {
  p.get("/users", p.people.bob);
  p.get("/users", "");
  CHECK(p.follow("/users?limit=2", p.people.ops, "id").size() >= 2);
  for (const std::string bad : {"limit=0", "limit=201", "limit=x", "limit=", "limit=1e1", "cursor=!!", "cursor="})
    p.get("/users?" + bad, p.people.ops);
}
void keys_are_published(Player& p) { CHECK(p.get("/.well-known/jwks.json", "").status == 200); }

// ---- items

void items(Player& p) {
  const std::string anvil = R"({"name":"Anvil","unitPrice":{"amount":1999,"currency":"USD"},"onHand":10})";
  CHECK(p.put("/items/anvil", p.people.ops, anvil).status == 201);
  CHECK(p.put("/items/anvil", p.people.ops, anvil).status == 200);
  p.get("/items/anvil", p.people.ann);
  p.get("/items/anvil", p.people.ops);
  p.get("/items/piano", p.people.ann);
  p.get("/items/anvil", "");
  p.put("/items/anvil", p.people.ann, anvil);
  p.put("/items/anvil", "", anvil);
}
void items_refused(Player& p) {
  p.put("/items/a%20b", p.people.ops, R"({"name":"x","unitPrice":{"amount":1,"currency":"USD"},"onHand":1})");
  p.put("/items/a%2Fb", p.people.ops, R"({"name":"x","unitPrice":{"amount":1,"currency":"USD"},"onHand":1})");
  p.put("/items/x", p.people.ops, R"({"name":"\u0000","unitPrice":{"amount":-1,"currency":"usd"},"onHand":-1})");
  p.put("/items/x", p.people.ops,
        R"({"name":"x","unitPrice":{"amount":1.5,"currency":"USD"},"onHand":9223372036854775808})");
  p.put("/items/x", p.people.ops, R"({"sku":"y","name":"x","unitPrice":{"amount":1,"currency":"USD"},"onHand":1})");
  p.put("/items/x", p.people.ops, R"({"name":"x","unitPrice":{"amount":1000000001,"currency":"USD"},"onHand":1})");
  p.get("/items/x", p.people.ops);
}
void stock_below_reserved(Player& p) {
  p.stock("held", 3);
  const auto pending =
      p.post("/orders", p.people.ann, order_of("held", 3, "tok_timeout"), {{"Prefer", "respond-async"}});
  // Reserved while the payment is not answered.
  while (send(p.system().gateway(), "GET", "/items/held", bearer(p.people.ops)).json().value("reserved", 0) != 3) {
  }
  p.put("/items/held", p.people.ops, R"({"name":"Held","unitPrice":{"amount":100,"currency":"USD"},"onHand":2})");
  p.settled(id_in(pending), p.people.ann);
}
void items_are_listed(Player& p) {
  for (const std::string sku : {"list-a", "list-b", "list-c"}) p.stock(sku, 1);
  CHECK(p.follow("/items?limit=2", p.people.ann, "sku").size() >= 3);
  p.get("/items?limit=500", p.people.ann);
  p.get("/items?limit=2&unknown=1", p.people.ann);
}

}  // namespace

std::vector<Scenario> account_scenarios() {
  return {{"sign_up_and_in", sign_up_and_in},
          {"sign_up_refused", sign_up_refused},
          {"sign_in_refused", sign_in_refused},
          {"sign_in_with_a_stale_token", sign_in_with_a_stale_token},
          {"guessing_is_stopped", guessing_is_stopped},
          {"account_is_changed", account_is_changed},
          {"account_is_deleted", account_is_deleted},
          {"accounts_of_others", accounts_of_others},
          {"roles", roles},
          {"users_are_listed", users_are_listed},
          {"keys_are_published", keys_are_published},
          {"items", items},
          {"items_refused", items_refused},
          {"stock_below_reserved", stock_below_reserved},
          {"items_are_listed", items_are_listed}};
}

}  // namespace svc::test
