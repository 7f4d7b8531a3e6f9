#include "placement/scenarios.h"

#include "support/catch.h"

namespace svc::test {
namespace {

std::string order_of(const std::string& sku, int quantity, const std::string& method = "tok_visa",
                     const std::string& more = "") {
  return R"({"items":[{"sku":")" + sku + R"(","quantity":)" + std::to_string(quantity) + R"(}],"paymentMethod":")" +
         method + "\"" + more + "}";
}
std::string id_in(const Answer& answer) { return answer.json().value("id", ""); }
std::string status_in(const Answer& answer) { return answer.json().value("status", ""); }

// ---- accounts

void sign_up_and_in(Player& p) {
  const auto made = p.post("/users", "", R"({"name":"Cy","email":"Cy@Example.com","password":"correct horse","locale":"ko"})");
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
  const auto stopped = send(p.system().gateway(), "POST", "/sessions", {}, R"({"email":"gil@example.com","password":"correct horse"})");
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
  CHECK(p.ask("PATCH", path, token, R"({"password":"battery staple","currentPassword":"correct horse"})").status == 200);
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
  p.put("/items/x", p.people.ops, R"({"name":"x","unitPrice":{"amount":1.5,"currency":"USD"},"onHand":9223372036854775808})");
  p.put("/items/x", p.people.ops, R"({"sku":"y","name":"x","unitPrice":{"amount":1,"currency":"USD"},"onHand":1})");
  p.put("/items/x", p.people.ops, R"({"name":"x","unitPrice":{"amount":1000000001,"currency":"USD"},"onHand":1})");
  p.get("/items/x", p.people.ops);
}
void stock_below_reserved(Player& p) {
  p.stock("held", 3);
  const auto pending = p.post("/orders", p.people.ann, order_of("held", 3, "tok_timeout"), {{"Prefer", "respond-async"}});
  // Reserved while the payment is not answered.
  while (send(p.system().gateway(), "GET", "/items/held", {{"Authorization", "Bearer " + p.people.ops}}).json().value("reserved", 0) != 3) {
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

// ---- orders

void order_confirmed(Player& p) {
  p.stock("conf-a", 10, 250);
  p.stock("conf-b", 10, 100);
  const auto order = p.post("/orders", p.people.ann,
                            R"({"items":[{"sku":"conf-a","quantity":2},{"sku":"conf-b","quantity":1}],"paymentMethod":"tok_visa"})");
  CHECK(status_in(order) == "confirmed");
  p.get(order.header("Location"), p.people.ann);
  p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
  p.get("/payments/" + order.json().value("paymentId", ""), p.people.ann);
  p.get("/payments/" + order.json().value("paymentId", ""), p.people.bob);
  p.get("/items/conf-a", p.people.ops);
}
void order_declined(Player& p) {
  p.stock("decl", 10);
  const auto order = p.post("/orders", p.people.ann, order_of("decl", 1, "tok_declined"));
  CHECK(status_in(order) == "cancelled");
  p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
  p.get("/payments/" + order.json().value("paymentId", ""), p.people.ann);
  p.get("/items/decl", p.people.ops);
}
void order_out_of_stock(Player& p) {
  p.stock("few", 2);
  const auto order = p.post("/orders", p.people.ann, order_of("few", 3));
  CHECK(status_in(order) == "cancelled");
  p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
  p.get("/items/few", p.people.ops);
}
void order_with_a_lost_answer(Player& p) {
  p.stock("lost", 2);
  const auto order = p.post("/orders", p.people.ann, order_of("lost", 1, "tok_timeout"), {{"Prefer", "wait=20"}});
  CHECK(status_in(order) == "confirmed");
  p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
}
void order_with_a_flaky_provider(Player& p) {
  p.stock("flaky", 2);
  const auto order = p.post("/orders", p.people.ann, order_of("flaky", 1, "tok_flaky"), {{"Prefer", "wait=20"}});
  CHECK(status_in(order) == "confirmed");
  p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
}
void order_not_waited_for(Player& p) {
  p.stock("async", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("async", 1), {{"Prefer", "respond-async"}});
  CHECK(status_in(order) == "pending");
  CHECK(status_in(p.settled(id_in(order), p.people.ann)) == "confirmed");
}
void order_refused(Player& p) {
  p.stock("ref", 5);
  for (const std::string body :
       {R"({})", R"({"items":[],"paymentMethod":"tok_visa"})", R"({"items":[{"sku":"ref","quantity":0}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":-5}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":10001}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":1.5}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":"1"}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":9223372036854775808}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":1},{"sku":"ref","quantity":1}],"paymentMethod":"tok_visa"})",
        R"({"items":[{"sku":"ref","quantity":1,"unitPrice":{"amount":1,"currency":"USD"}}],"paymentMethod":"tok_visa"})",
        R"({"items":{"sku":"ref"},"paymentMethod":"tok_visa"})", R"({"items":[{"sku":"ref","quantity":1}]})",
        R"({"items":[{"sku":"ref","quantity":1}],"paymentMethod":""})",
        R"({"items":[{"sku":"ref","quantity":1}],"paymentMethod":"tok_visa","status":"confirmed"})",
        R"({"items":[null],"paymentMethod":null})"})
    CHECK(p.post("/orders", p.people.ann, body).status == 422);
}
void order_of_unknown_things(Player& p) {
  p.stock("known", 5);
  p.post("/orders", p.people.ann, order_of("unknown-sku", 1));
  p.post("/orders", p.people.ann, order_of("known", 1, "cash"));
  p.post("/orders", p.people.ops, order_of("known", 1));
  p.post("/orders", p.people.ops, order_of("known", 1, "cash", R"(,"userId":"nobody")"));
  p.post("/orders", p.people.ann,
         R"({"items":[{"sku":"x1","quantity":1},{"sku":"known","quantity":1},{"sku":"x2","quantity":1}],"paymentMethod":"?"})");
}
void order_too_many_lines(Player& p) {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += (i ? "," : "") + std::string(R"({"sku":"s","quantity":1})");
  CHECK(p.post("/orders", p.people.ann, R"({"items":[)" + lines + R"(],"paymentMethod":"tok_visa"})").status == 422);
}
void order_in_two_currencies(Player& p) {
  p.stock("cur-usd", 5, 100, "USD");
  p.stock("cur-krw", 5, 1'000, "KRW");
  p.post("/orders", p.people.ann,
         R"({"items":[{"sku":"cur-usd","quantity":1},{"sku":"cur-krw","quantity":1}],"paymentMethod":"tok_visa"})");
}
void order_for_somebody(Player& p) {
  p.stock("gift", 5);
  const auto user = R"(,"userId":")" + p.people.ann_id + "\"";
  CHECK(p.post("/orders", p.people.ops, order_of("gift", 1, "tok_visa", user)).status == 201);
  CHECK(p.post("/orders", p.people.ann, order_of("gift", 1, "tok_visa", user)).status == 201);
  CHECK(p.post("/orders", p.people.bob, order_of("gift", 1, "tok_visa", user)).status == 403);
  CHECK(p.post("/orders", p.people.bob, R"({"items":[],"userId":")" + p.people.ann_id + "\"}").status == 403);
}
void orders_of_others(Player& p) {
  p.stock("own", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("own", 1));
  const auto path = "/orders/" + id_in(order);
  for (const std::string end : {"", "/timeline"}) {
    const auto foreign = p.get(path + end, p.people.bob);
    const auto missing = p.get("/orders/0190a0a0-0000-7000-8000-000000000000" + end, p.people.bob);
    CHECK(foreign.status == 404);
    CHECK(foreign.body == missing.body);
  }
  p.ask("POST", path + "/cancel", p.people.bob);
  p.get(path, "");
  CHECK(p.get(path, p.people.ops).status == 200);
}
void order_cancelled(Player& p) {
  p.stock("canc", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("canc", 2));
  const auto path = "/orders/" + id_in(order);
  CHECK(status_in(p.ask("POST", path + "/cancel", p.people.ann)) == "cancelled");
  CHECK(p.ask("POST", path + "/cancel", p.people.ann).status == 200);
  p.get(path + "/timeline", p.people.ann);
  p.get("/payments/" + order.json().value("paymentId", ""), p.people.ann);
  p.get("/items/canc", p.people.ops);
  p.ask("POST", path + "/cancel", p.people.ann, R"({"reason":"none"})");
  p.ask("POST", path + "/cancel", p.people.ann, "{}");
}
void cancel_while_pending(Player& p) {
  p.stock("pend", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("pend", 1, "tok_timeout"), {{"Prefer", "respond-async"}});
  CHECK(p.ask("POST", "/orders/" + id_in(order) + "/cancel", p.people.ann).status == 409);
  p.settled(id_in(order), p.people.ann);
}
void orders_are_listed(Player& p) {
  p.stock("listed", 50);
  const auto made = p.post("/users", "", R"({"name":"Li","email":"li@example.com","password":"correct horse"})");
  const std::string token =
      p.post("/sessions", "", R"({"email":"li@example.com","password":"correct horse"})").json()["accessToken"];
  for (int i = 0; i < 5; ++i) p.post("/orders", token, order_of("listed", 1, i % 2 ? "tok_declined" : "tok_visa"));
  CHECK(p.follow("/orders?limit=2", token, "id").size() == 5);
  CHECK(p.follow("/orders?limit=2&status=cancelled", token, "id").size() == 2);
  p.get("/orders?status=lost", token);
  p.get("/orders?limit=0", token);
  p.get("/orders?cursor=%25", token);
  p.get("/orders", "");
}
void idempotency(Player& p) {
  p.stock("idem", 50);
  const HeaderList key{{"Idempotency-Key", "scenario-1"}};
  const auto first = p.post("/orders", p.people.ann, order_of("idem", 1), key);
  const auto again = p.post("/orders", p.people.ann, order_of("idem", 1), {{"Idempotency-Key", "\"scenario-1\""}});
  CHECK(id_in(first) == id_in(again));
  CHECK(again.status == 201);
  CHECK(again.header("Location") == first.header("Location"));
  p.post("/orders", p.people.ann, order_of("idem", 2), key);
  p.post("/orders", p.people.bob, order_of("idem", 1), key);
  p.ask("POST", "/orders/" + id_in(first) + "/cancel", p.people.ann);
  CHECK(status_in(p.post("/orders", p.people.ann, order_of("idem", 1), key)) == "cancelled");
}
void idempotency_refused(Player& p) {
  p.stock("idem2", 50);
  p.post("/orders", p.people.ann, order_of("idem2", 1), {{"Idempotency-Key", std::string(256, 'k')}});
  p.post("/orders", p.people.ann, order_of("idem2", 1), {{"Idempotency-Key", "\"\""}});
  p.post("/orders", p.people.ann, order_of("idem2", 1), {{"Idempotency-Key", "\"open"}});
  const HeaderList key{{"Idempotency-Key", "scenario-2"}};
  p.post("/orders", p.people.ann, order_of("nothing", 1), key);
  CHECK(p.post("/orders", p.people.ann, order_of("idem2", 1), key).status == 201);
}

// ---- strangers

void routes_that_are_not(Player& p) {
  for (const std::string path :
       {"/", "/nothing", "/users/", "/orders//timeline", "/internal/quotes", "/internal/users/x", "/admin/orders/x/retry",
        "/health/ready", "/health/live", "/metrics", "//users", "/users/../orders", "/Users", "/users;x=1"}) {
    CHECK(p.get(path, p.people.ops).status == 404);
    CHECK(p.ask("POST", path, p.people.ops, "{}").status == 404);
  }
}
void methods_that_are_not(Player& p) {
  for (const std::string method : {"DELETE", "PATCH", "BREW", "get"}) CHECK(p.ask(method, "/orders", "").status == 405);
  CHECK(p.ask("POST", "/users/x/role", p.people.ops, "{}").status == 405);
  CHECK(p.ask("PUT", "/sessions", "", "nonsense").status == 405);
  CHECK(p.ask("OPTIONS", "/orders").status == 405);
}
void tokens_that_are_not(Player& p) {
  const std::string good = p.people.ann;
  const auto first = good.find('.'), last = good.rfind('.');
  const std::string none = "eyJhbGciOiJub25lIn0";
  std::string changed = good;
  changed[first + 5] = changed[first + 5] == 'A' ? 'B' : 'A';
  for (const auto& token : {std::string("x"), std::string("a.b.c"), good.substr(0, last + 1), good.substr(0, good.size() - 2),
                            none + good.substr(first, last - first) + ".", none + good.substr(first), changed, good + "x"})
    CHECK(p.get("/orders", token).status == 401);
  p.ask("GET", "/orders", "", "", {{"Authorization", "Basic YTpi"}});
  p.ask("GET", "/orders", "", "", {{"Authorization", good}});
}
void bodies_that_are_not(Player& p) {
  for (const std::string body : {"{oops", "{\"items\":NaN}", "{\"items\":1e999}", "{\"a\":1,\"a\":1}", "", "\xff", "{}{}"})
    CHECK(p.ask("POST", "/orders", p.people.ann, body).status == (body.empty() ? 400 : 400));
  CHECK(p.ask("POST", "/orders", p.people.ann, std::string(65, '[') + std::string(65, ']')).status == 400);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{}", {}, "text/plain").status == 415);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{oops", {}, "text/plain").status == 415);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{}", {{"Content-Encoding", "gzip"}}).status == 415);
  CHECK(p.ask("POST", "/orders", "", "{oops").status == 401);
}
void bodies_too_large(Player& p) {
  const std::string large(1024 * 1024 + 1, ' ');
  CHECK(send(p.system().gateway(), "POST", "/orders", {{"Authorization", "Bearer " + p.people.ann}}, large).status == 413);
  CHECK(send(p.system().gateway(), "POST", "/orders", {}, large).status == 401);
  CHECK(send(p.system().gateway(), "POST", "/nothing", {}, large).status == 404);
}
void identity_cannot_be_claimed(Player& p) {
  for (const std::string name : {"X-Svc-Cluster", "X_Svc_Cluster", "X-User-Id", "X-Forwarded-User", "X-Svc-Budget-Ms"})
    p.ask("GET", "/users", p.people.ann, "", {{name, p.people.ops}});
  p.ask("GET", "/users/" + p.people.ann_id, p.people.bob, "", {{"X-User-Id", p.people.ann_id}, {"X-Role", "admin"}});
}
void precedence(Player& p) {
  // Several things wrong at once: the first in the order of precedence is told.
  p.ask("POST", "/nothing", "bad.token.x", "{oops");
  p.ask("DELETE", "/orders", "bad.token.x", "{oops");
  p.ask("POST", "/orders", "bad.token.x", "{oops", {}, "text/plain");
  p.ask("POST", "/orders", p.people.ann, "{oops", {}, "text/plain");
  p.ask("PUT", "/items/a%20b", p.people.ann, "{oops");
  p.ask("PUT", "/items/a%20b", p.people.ann, "{}");
  p.ask("PUT", "/items/a%20b", p.people.ops, "{}");
  p.ask("POST", "/orders", p.people.bob, R"({"userId":")" + p.people.ann_id + R"(","items":5})");
}
void head_is_get_without_content(Player& p) {
  const auto head = p.ask("HEAD", "/users/" + p.people.ann_id, p.people.ann);
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  p.ask("HEAD", "/nothing");
}
void administration(Player& p) {
  p.stock("adm", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("adm", 1));
  const auto path = "/admin/orders/" + id_in(order);
  p.ask_operations("POST", path + "/retry", p.people.ops);
  p.ask_operations("POST", path + "/abandon", p.people.ops);
  p.ask_operations("POST", path + "/retry", p.people.ann);
  p.ask_operations("POST", path + "/retry");
  p.ask_operations("POST", "/admin/orders/nothing/retry", p.people.ops);
  p.ask_operations("GET", path + "/retry", p.people.ops);
  p.ask_operations("GET", "/users", p.people.ops);
}
void openapi(Player& p) { CHECK(p.get("/openapi.json", "").status == 200); }

}  // namespace

const std::vector<Scenario>& scenarios() {
#define SCENARIO_ROW(name) {#name, name}
  static const std::vector<Scenario> all{
      SCENARIO_ROW(sign_up_and_in),         SCENARIO_ROW(sign_up_refused),
      SCENARIO_ROW(sign_in_refused),        SCENARIO_ROW(sign_in_with_a_stale_token),
      SCENARIO_ROW(guessing_is_stopped),    SCENARIO_ROW(account_is_changed),
      SCENARIO_ROW(account_is_deleted),     SCENARIO_ROW(accounts_of_others),
      SCENARIO_ROW(roles),                  SCENARIO_ROW(users_are_listed),
      SCENARIO_ROW(keys_are_published),     SCENARIO_ROW(items),
      SCENARIO_ROW(items_refused),          SCENARIO_ROW(stock_below_reserved),
      SCENARIO_ROW(items_are_listed),       SCENARIO_ROW(order_confirmed),
      SCENARIO_ROW(order_declined),         SCENARIO_ROW(order_out_of_stock),
      SCENARIO_ROW(order_with_a_lost_answer), SCENARIO_ROW(order_with_a_flaky_provider),
      SCENARIO_ROW(order_not_waited_for),   SCENARIO_ROW(order_refused),
      SCENARIO_ROW(order_of_unknown_things), SCENARIO_ROW(order_too_many_lines),
      SCENARIO_ROW(order_in_two_currencies), SCENARIO_ROW(order_for_somebody),
      SCENARIO_ROW(orders_of_others),       SCENARIO_ROW(order_cancelled),
      SCENARIO_ROW(cancel_while_pending),   SCENARIO_ROW(orders_are_listed),
      SCENARIO_ROW(idempotency),            SCENARIO_ROW(idempotency_refused),
      SCENARIO_ROW(routes_that_are_not),    SCENARIO_ROW(methods_that_are_not),
      SCENARIO_ROW(tokens_that_are_not),    SCENARIO_ROW(bodies_that_are_not),
      SCENARIO_ROW(bodies_too_large),       SCENARIO_ROW(identity_cannot_be_claimed),
      SCENARIO_ROW(precedence),             SCENARIO_ROW(head_is_get_without_content),
      SCENARIO_ROW(administration),         SCENARIO_ROW(openapi)};
#undef SCENARIO_ROW
  return all;
}

People make_people(System& system) {
  People people;
  people.ops = system.operator_token();
  const auto enter = [&](const std::string& name, std::string& id, std::string& token) {
    const auto made = send(system.gateway(), "POST", "/users", {},
                           R"({"name":")" + name + R"(","email":")" + name + R"(@example.com","password":"correct horse"})");
    REQUIRE(made.status == 201);
    id = made.json()["id"];
    const auto session = send(system.gateway(), "POST", "/sessions", {},
                              R"({"email":")" + name + R"(@example.com","password":"correct horse"})");
    REQUIRE(session.status == 201);
    token = session.json()["accessToken"];
  };
  enter("ann", people.ann_id, people.ann);
  enter("bob", people.bob_id, people.bob);
  return people;
}

}  // namespace svc::test
