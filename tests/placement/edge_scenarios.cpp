// What strangers send, and what is there besides.
#include "placement/order_words.h"
#include "placement/scenarios.h"
#include "support/catch.h"

namespace svc::test {
namespace {

void routes_that_are_not(Player& p) {
  for (const std::string path : {"/", "/nothing", "/users/", "/orders//timeline", "/internal/quotes",
                                 "/internal/users/x", "/admin/orders/x/retry", "/health/ready", "/health/live",
                                 "/metrics", "//users", "/users/../orders", "/Users", "/users;x=1"}) {
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
  for (const auto& token :
       {std::string("x"), std::string("a.b.c"), good.substr(0, last + 1), good.substr(0, good.size() - 2),
        none + good.substr(first, last - first) + ".", none + good.substr(first), changed, good + "x"})
    CHECK(p.get("/orders", token).status == 401);
  p.ask("GET", "/orders", "", "", {{"Authorization", "Basic YTpi"}});
  p.ask("GET", "/orders", "", "", {{"Authorization", good}});
  CHECK(p.ask("GET", "/orders", "", "", {{"Authorization", "Bearer " + good}, {"Authorization", "Bearer " + good}})
            .status == 401);
}
void bodies_that_are_not(Player& p) {
  for (const std::string body :
       {"{oops", "{\"items\":NaN}", "{\"items\":1e999}", "{\"a\":1,\"a\":1}", "", "\xff", "{}{}"})
    CHECK(p.ask("POST", "/orders", p.people.ann, body).status == (body.empty() ? 400 : 400));
  CHECK(p.ask("POST", "/orders", p.people.ann, std::string(65, '[') + std::string(65, ']')).status == 400);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{}", {}, "text/plain").status == 415);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{oops", {}, "text/plain").status == 415);
  CHECK(p.ask("POST", "/orders", p.people.ann, "{}", {{"Content-Encoding", "gzip"}}).status == 415);
  CHECK(p.ask("POST", "/orders", "", "{oops").status == 401);
}
void bodies_too_large(Player& p) {
  const std::string large(1024 * 1024 + 1, ' ');
  CHECK(send(p.system().gateway(), "POST", "/orders", bearer(p.people.ann), large).status == 413);
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
void more_than_is_wanted(Player& p) {
  p.ask("DELETE", "/users/nobody", p.people.ops, std::string(2'000'000, 'x'));
  HeaderList many;
  for (int i = 0; i < 85; ++i) many.emplace_back("X-Field-" + std::to_string(i), "x");
  CHECK(p.ask("GET", "/users/" + p.people.ann_id, p.people.ann, "", many).status == 200);
  CHECK(p.ask("GET", "/orders?limit=1&colour=red", p.people.ann).status == 422);
  CHECK(p.ask("GET", "/orders?limit=1&limit=1", p.people.ann).status == 422);
  CHECK(p.ask("GET", "/orders?cursor=AAAA", p.people.ann).status == 422);
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

std::vector<Scenario> edge_scenarios() {
  return {{"routes_that_are_not", routes_that_are_not},
          {"methods_that_are_not", methods_that_are_not},
          {"tokens_that_are_not", tokens_that_are_not},
          {"bodies_that_are_not", bodies_that_are_not},
          {"bodies_too_large", bodies_too_large},
          {"identity_cannot_be_claimed", identity_cannot_be_claimed},
          {"precedence", precedence},
          {"head_is_get_without_content", head_is_get_without_content},
          {"more_than_is_wanted", more_than_is_wanted},
          {"administration", administration},
          {"openapi", openapi}};
}

}  // namespace svc::test
