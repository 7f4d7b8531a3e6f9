// The order module's copy of users: by it orders are taken while the user module is away.
#include <csignal>

#include "carriers/shop.h"
#include "support/catch.h"

namespace {

using namespace svc::test;

TEST_CASE("orders of known customers are taken while the user module is away") {
  Shop shop(split);
  const auto ann = shop.customer("ann"), bob = shop.customer("bob");
  shop.leave(bob);
  const auto beginning = [&](const std::string& order) {
    const auto timeline =
        send(shop.system.gateway(), "GET", "/orders/" + order + "/timeline", bearer(ann.token)).json();
    return timeline["items"].at(0).value("detail", "");
  };
  // The later of the two events; with it Ann's has been heard of.
  REQUIRE(eventually([&] { return shop.count("order", "SELECT COUNT(*) FROM inbox") == 3; }));
  CHECK(beginning(shop.order(ann)).empty());
  CHECK(shop.ask_for_anvil(bob).status == 422);

  shop.system.process("user").signal(SIGKILL);
  shop.system.process("user").wait();
  const auto placed = shop.ask_for_anvil(ann);
  CHECK(placed.status == 201);
  CHECK(placed.json()["status"] == "confirmed");
  CHECK(beginning(placed.json()["id"]) == "the user module could not be asked: taken from the copy of its users");
  CHECK(shop.ask_for_anvil(bob).status == 503);  // nobody can say whether there is such a user

  shop.system.start(shop.system.index_of("user", 0));
  CHECK(eventually([&] { return beginning(shop.order(ann)).empty(); }));
  CHECK(shop.ask_for_anvil(bob).status == 422);
  CHECK(shop.is_notified(placed.json()["id"], "order_confirmed"));
}

}  // namespace
