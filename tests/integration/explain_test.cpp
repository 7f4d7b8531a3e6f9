// `svc explain`, for people: what became of an order, as its modules keep it and its processes remember it.
#include <algorithm>
#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

const Placement by_registry{{"registry"}, {"user"}, {"inventory"}, {"payment"}, {"order", "notification"}, {"gateway"}};

class Shop {
 public:
  explicit Shop(const Placement& placement, const std::vector<std::string>& flags = {}) : system(placement, flags) {
    if (placement != whole) system.await_all_known();
    const auto stocked = send(system.gateway(), "PUT", "/items/anvil", bearer(system.operator_token()),
                              R"({"name":"Anvil","unitPrice":{"amount":5,"currency":"USD"},"onHand":50})");
    REQUIRE(stocked.status == 201);
    REQUIRE(send(system.gateway(), "POST", "/users", {},
                 R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})")
                .status == 201);
    const auto session =
        send(system.gateway(), "POST", "/sessions", {}, R"({"email":"ann@example.com","password":"correct horse"})");
    ann = bearer(session.json()["accessToken"]);
  }

  Answer order(const std::string& method, const HeaderList& more = {}) const {
    auto headers = ann;
    headers.insert(headers.end(), more.begin(), more.end());
    const auto placed = send(system.gateway(), "POST", "/orders", headers,
                             R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":")" + method + R"("})");
    REQUIRE(placed.status == 201);
    return placed;
  }
  Outcome explain(const std::string& id) const {
    return run_command({svc_binary(), "--config=/dev/null", "--data=" + system.data().string(),
                        "--registry=http://127.0.0.1:" + std::to_string(system.port("registry")), "explain", id});
  }
  // What is told once it tells of that: some things are done behind the answer.
  std::string told(const std::string& id, const std::string& of) const {
    Outcome outcome;
    CHECK(eventually([&] {
      outcome = explain(id);
      return outcome.out.find(of) != std::string::npos;
    }));
    CHECK(outcome.status == 0);
    CHECK(outcome.err.empty());
    return outcome.out;
  }

  System system;
  HeaderList ann;
};

// A span, and below how many others it is.
using Step = std::pair<std::size_t, std::string>;
std::size_t depth_of(const std::string& what, const std::string& shown) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < shown.size();) {
    const auto line = shown.substr(at, shown.find('\n', at) - at);
    at += line.size() + 1;
    if (line.starts_with("AT ")) column = line.find("WHAT");
    const auto found = line.find("  " + what + " ");
    if (column != 0 && found != std::string::npos) return (found + 2 - column) / 2;
  }
  return 99;
}

TEST_CASE("svc explain tells what became of an order, by its id, its request's, and its trace's") {
  const auto placement = GENERATE(whole, by_registry);
  CAPTURE(name_of(placement));
  const Shop shop(placement);
  const auto placed = shop.order("tok_visa");
  const std::string id = placed.json()["id"];
  const auto shown = shop.told(id, "notification send_mail");
  CAPTURE(shown);
  for (const auto& text :
       {"order    " + id, std::string("status   confirmed"), std::string("1 x anvil"), std::string("captured"),
        std::string("\nreserve  1        done"), std::string("\nconfirm  1        done")})
    CHECK_THAT(shown, ContainsSubstring(text));
  const bool is_whole = placement == whole;
  const std::vector<Step> steps = is_whole ? std::vector<Step>{{0, "gateway place_order"},
                                                               {1, "order place_order"},
                                                               {2, "inventory quote_items"},
                                                               {2, "order saga"},
                                                               {3, "inventory reserve_items"},
                                                               {3, "payment charge"},
                                                               {3, "notification hears order_confirmed"},
                                                               {3, "notification send_mail"}}
                                           : std::vector<Step>{{0, "gateway place_order"},
                                                               {1, "order place_order"},
                                                               {2, "asks inventory for quote_items"},
                                                               {3, "inventory quote_items"},
                                                               {2, "order saga"},
                                                               {3, "asks payment for charge"},
                                                               {4, "payment charge"},
                                                               {3, "notification hears order_confirmed"},
                                                               {3, "notification send_mail"}};
  CHECK_THAT(shown, !ContainsSubstring("(..)"));
  for (const auto& [depth, what] : steps) {
    CAPTURE(what);
    CHECK(depth_of(what, shown) == depth);
  }
  if (!is_whole) CHECK_THAT(shown, ContainsSubstring("127.0.0.1:" + std::to_string(shop.system.port("payment"))));

  auto request = placed.header("X-Request-Id");
  for (const bool as_trace : {false, true}) {
    if (as_trace) std::erase(request, '-');
    const auto same = shop.told(request, "notification send_mail");
    CHECK_THAT(same, ContainsSubstring("order    " + id) && ContainsSubstring("  order saga "));
    CHECK(std::ranges::count(same, '\n') == std::ranges::count(shown, '\n'));
  }

  const std::string own = "0af7651916cd43dd8448eb211c80319c";
  const auto traced = shop.order("tok_declined", {{"traceparent", "00-" + own + "-b7ad6b7169203331-01"}});
  const auto cancelled = shop.told(own, "notification hears order_cancelled");
  CHECK_THAT(cancelled, ContainsSubstring("order    " + std::string(traced.json()["id"])));
  CHECK_THAT(cancelled, ContainsSubstring("payment_declined"));
  CHECK_THAT(cancelled, ContainsSubstring("trace " + own));
}

TEST_CASE("svc explain tells an order by its request's id while it is carried out, and of those in its trace too") {
  // Carried out for as long as it takes to ask.
  const Shop shop(whole, {"--order.saga.step-timeout-ms=10000", "--order.saga.lease-ms=25000"});
  const std::string request = "0190a0a0-1111-7222-8333-444444444444", trace = "0af7651916cd43dd8448eb211c80319c";
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    auto headers = shop.ann;
    headers.insert(headers.end(), {{"X-Request-Id", request},
                                   {"Prefer", "respond-async"},
                                   {"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}});
    const auto placed = send(shop.system.gateway(), "POST", "/orders", headers,
                             R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":"tok_timeout"})");
    REQUIRE(placed.status == 201);
    ids.push_back(placed.json()["id"]);
  }
  const auto shown = shop.told(request, "inventory reserve_items");
  CAPTURE(shown);
  CHECK_THAT(shown, ContainsSubstring("(..) inventory reserve_items"));  // below a saga that goes on
  for (const auto& id : ids) CHECK_THAT(shop.told(request, "order    " + id), ContainsSubstring("pending"));
  // The one that is asked for comes first.
  for (const auto& id : ids) CHECK(shop.told(id, "trace " + trace).starts_with("order    " + id));
}

TEST_CASE("svc explain tells of a request that was refused at the gateway") {
  const auto placement = GENERATE(whole, by_registry);
  CAPTURE(name_of(placement));
  const Shop shop(placement);
  const auto told = [&](const Answer& answer) { return shop.explain(answer.header("X-Request-Id")).out; };
  CHECK_THAT(told(send(shop.system.gateway(), "GET", "/orders")),
             ContainsSubstring("gateway list_orders  unauthenticated"));
  CHECK_THAT(told(send(shop.system.gateway(), "GET", "/nothing")), ContainsSubstring("gateway request  not_found"));
  const auto signed_up = send(shop.system.gateway(), "POST", "/users", {},
                              R"({"name":"Eve","email":"eve@example.com","password":"correct horse"})");
  const auto shown = shop.told(signed_up.header("X-Request-Id"), "order hears user_created");
  CHECK(depth_of("user create_user", shown) + 1 == depth_of("order hears user_created", shown));
}

TEST_CASE("svc explain says when it could ask but some, and when that told nothing") {
  Shop shop(by_registry);
  const std::string id = shop.order("tok_visa").json()["id"];
  const auto words = [&](int operations) {
    return std::vector<std::string>{svc_binary(),
                                    "--config=/dev/null",
                                    "--data=" + shop.system.data().string(),
                                    "--registry=http://127.0.0.1:" + std::to_string(shop.system.port("registry")),
                                    "--port.operations=" + std::to_string(operations),
                                    "explain",
                                    id};
  };
  shop.system.process("registry").signal(SIGKILL);
  shop.system.process("registry").wait();
  const auto some = run_command(words(shop.system.operations()));
  CAPTURE(some.out);
  CHECK(some.status == 0);
  CHECK_THAT(some.out, ContainsSubstring("confirm  1        done"));
  CHECK_THAT(some.out, ContainsSubstring("does not answer"));
  const auto none = run_command(words(free_port()));
  CAPTURE(none.out);
  CHECK(none.status == 1);
  CHECK_THAT(none.out, ContainsSubstring("Nothing is known"));
  CHECK_THAT(none.out, ContainsSubstring("No answer from"));
}

TEST_CASE("svc explain tells what is on disk when nobody remembers, and says who does not answer") {
  Shop shop(by_registry);
  const std::string id = shop.order("tok_visa").json()["id"];
  shop.system.process("payment").signal(SIGSTOP);
  const auto beside = shop.explain(id);
  CAPTURE(beside.out);
  CHECK(beside.status == 0);
  CHECK_THAT(beside.out, ContainsSubstring("confirm  1        done") && ContainsSubstring("not known  its payment: "));
  shop.system.process("payment").signal(SIGKILL);
  shop.system.process("payment").wait();
  const auto without = shop.explain(id);
  CAPTURE(without.out);
  CHECK(without.status == 0);
  CHECK_THAT(without.out, ContainsSubstring("No answer from 127.0.0.1:" + std::to_string(shop.system.port("payment"))));
  CHECK_THAT(without.out, ContainsSubstring("not known  its payment: "));
  CHECK_THAT(without.out, ContainsSubstring("asks payment for charge"));
  for (const auto* module : {"order", "inventory", "gateway"}) shop.system.restart(module, SIGKILL);
  shop.system.start(shop.system.index_of("payment", 0));
  shop.system.await_all_known();
  const auto behind = shop.explain(id);
  CAPTURE(behind.out);
  CHECK(behind.status == 0);
  CHECK_THAT(behind.out, ContainsSubstring("confirm  1        done"));
  CHECK_THAT(behind.out, ContainsSubstring("captured"));
  CHECK_THAT(behind.out, !ContainsSubstring("order saga"));
}

TEST_CASE("svc explain says so when there is nothing to tell, and spans are for operators") {
  const Shop shop(whole);
  for (const std::string unknown : {"nothing", "0190a0a0-1111-7222-8333-444444444444", "..", "a/b?c", "%00"}) {
    CAPTURE(unknown);
    const auto outcome = shop.explain(unknown);
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "Nothing is known of " + unknown + ".\n");
  }
  for (const auto& bad : {std::string(), std::string(65, 'a')}) CHECK(shop.explain(bad).status == 2);
  const auto operations = shop.system.operations();
  for (const auto* path : {"/admin/spans/x", "/admin/orders/x"}) {
    CAPTURE(path);
    CHECK(send(operations, "GET", path).status == 401);
    CHECK(send(operations, "GET", path, shop.ann).status == 403);
    CHECK(send(shop.system.gateway(), "GET", path, bearer(shop.system.operator_token())).status == 404);
  }
  CHECK(send(operations, "GET", "/admin/spans/x", bearer(shop.system.operator_token())).status == 200);
  CHECK(send(operations, "GET", "/admin/orders/x", bearer(shop.system.operator_token())).status == 404);
}

}  // namespace
