// Orders.
#include "placement/order_words.h"
#include "placement/scenarios.h"
#include "support/catch.h"

namespace svc::test {
namespace {

void order_confirmed(Player& p) {
  p.stock("conf-a", 10, 250);
  p.stock("conf-b", 10, 100);
  const auto order =
      p.post("/orders", p.people.ann,
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
void orders_of_ample_stock(Player& p) {
  p.stock("ample", 100'000);
  for (const std::string method : {"tok_visa", "tok_declined", "tok_timeout", "tok_flaky"}) {
    const auto order = p.post("/orders", p.people.ann, order_of("ample", 2, method), {{"Prefer", "wait=20"}});
    CHECK(status_in(order) == (method == "tok_declined" ? "cancelled" : "confirmed"));
    p.get("/orders/" + id_in(order) + "/timeline", p.people.ann);
    p.get("/payments/" + order.json().value("paymentId", ""), p.people.ann);
    p.get("/items/ample", p.people.ops);
    if (method == "tok_visa") p.post("/orders/" + id_in(order) + "/cancel", p.people.ann, "");
    p.get("/items/ample", p.people.ops);
  }
}
void order_not_waited_for(Player& p) {
  p.stock("async", 5);
  const auto order = p.post("/orders", p.people.ann, order_of("async", 1), {{"Prefer", "respond-async"}});
  CHECK(status_in(order) == "pending");
  CHECK(status_in(p.settled(id_in(order), p.people.ann)) == "confirmed");
}
void order_refused(Player& p) {
  p.stock("ref", 5);
  for (
      const std::string body :
      {R"({})", R"({"items":[],"paymentMethod":"tok_visa"})",
       R"({"items":[{"sku":"ref","quantity":0}],"paymentMethod":"tok_visa"})",
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
  p.post(
      "/orders", p.people.ann,
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
  for (const std::string unreadable : {"null", "5", "{}"})
    CHECK(p.post("/orders", p.people.bob, order_of("known", 1, "tok_visa", ",\"userId\":" + unreadable)).status == 422);
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

void customers_are_notified(Player& p) {
  p.stock("note", 10);
  const auto kept = p.post("/orders", p.people.ann, order_of("note", 1));
  const auto declined = p.post("/orders", p.people.bob, order_of("note", 1, "tok_declined"));
  p.notified(id_in(kept), 1);
  p.notified(id_in(declined), 1);
  p.ask("POST", "/orders/" + id_in(kept) + "/cancel", p.people.ann);
  p.notified(id_in(kept), 2);
}
void notifications_refused(Player& p) {
  CHECK(p.get("/notifications", "").status == 401);
  CHECK(p.get("/notifications", p.people.ann).status == 403);
  p.get("/notifications?limit=0", p.people.ops);
  p.get("/notifications?cursor=%25", p.people.ops);
  p.post("/notifications", p.people.ops, "{}");
}

}  // namespace

std::vector<Scenario> order_scenarios() {
  return {{"order_confirmed", order_confirmed},
          {"order_declined", order_declined},
          {"order_out_of_stock", order_out_of_stock},
          {"order_with_a_lost_answer", order_with_a_lost_answer},
          {"order_with_a_flaky_provider", order_with_a_flaky_provider},
          {"orders_of_ample_stock", orders_of_ample_stock},
          {"order_not_waited_for", order_not_waited_for},
          {"order_refused", order_refused},
          {"order_of_unknown_things", order_of_unknown_things},
          {"order_too_many_lines", order_too_many_lines},
          {"order_in_two_currencies", order_in_two_currencies},
          {"order_for_somebody", order_for_somebody},
          {"orders_of_others", orders_of_others},
          {"order_cancelled", order_cancelled},
          {"cancel_while_pending", cancel_while_pending},
          {"orders_are_listed", orders_are_listed},
          {"idempotency", idempotency},
          {"idempotency_refused", idempotency_refused},
          {"customers_are_notified", customers_are_notified},
          {"notifications_refused", notifications_refused}};
}

}  // namespace svc::test
