// Events by way of a RabbitMQ broker, of the whole system and the cut one.
#include <SQLiteCpp/SQLiteCpp.h>

#include <csignal>
#include <iostream>

#include "amqp/session.h"
#include "carriers/shop.h"
#include "support/broker.h"
#include "support/catch.h"

namespace {

using namespace svc;
using namespace svc::test;
using nlohmann::json;
using Steady = std::chrono::steady_clock;

Steady::duration time_to_stop(Shop& shop) {
  const auto begin = Steady::now();
  shop.system.stop_all(SIGTERM);
  return Steady::now() - begin;
}

// An event of the order module, as a stranger might send it.
json event_of(const std::string& id, const std::string& type) {
  return {{"specversion", "1.0"},   {"id", id},
          {"source", "/svc/order"}, {"type", type},
          {"subject", "of " + id},  {"time", "2026-01-01T00:00:00Z"},
          {"dataversion", 1},       {"data", json::object()}};
}

// Sends a body into the queue of the notification module.
void throw_in(const Broker& broker, const std::string& body) {
  auto session = amqp::Session::open(amqp::parse_address(broker.url()).value(), {});
  REQUIRE(session);
  const std::vector<amqp::Message> messages{{"svc.notification", "", "application/cloudevents+json", body}};
  REQUIRE((*session)->publish("", messages));
}

TEST_CASE("a broker carries events") {
  if (!Broker::there()) return;
  static Broker broker;

  SECTION("whole and cut") {
    const auto placement = GENERATE(whole, split);
    CAPTURE(name_of(placement));
    Shop shop(placement, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann"), bob = shop.customer("bob");
    shop.leave(bob);
    const auto kept = shop.order(ann), declined = shop.order(ann, "tok_declined");
    CHECK(shop.is_notified(kept, "order_confirmed"));
    CHECK(shop.is_notified(declined, "order_cancelled"));
    CHECK(shop.mails() == 2);
    CHECK(eventually([&] { return shop.is_copied(ann); }));
    for (const std::string module : {"user", "order"})
      CHECK(eventually([&] {
        return shop.count(module, "SELECT position FROM outbox_readers WHERE name = 'amqp'") ==
               shop.count(module, "SELECT MAX(position) FROM outbox");
      }));
    CHECK(eventually([&] { return shop.count("order", "SELECT COUNT(*) FROM inbox") == 3; }));
    CHECK_FALSE(shop.is_copied(bob));
    CHECK(shop.trouble("notification").empty());
    CHECK(shop.events("order")["feeds"][0]["module"] == amqp::told(amqp::parse_address(broker.url()).value()));
    CHECK(time_to_stop(shop) < seconds{3});
  }

  SECTION("but not to whom it does not let in, until it does") {
    const std::string secret = "open-sesame";
    Shop shop(whole, {"--events=amqp://shop:" + secret + "@127.0.0.1:" + std::to_string(broker.port()) + "/backroom"});
    const auto ann = shop.customer("ann");
    const auto order = shop.order(ann);
    const auto is_refused = [&](const std::string& why) {
      return eventually([&] { return shop.trouble("order").find(why) != std::string::npos; }) &&
             eventually([&] { return shop.system.logs().find(why) != std::string::npos; });
    };
    CHECK(is_refused("ACCESS_REFUSED"));
    REQUIRE(broker.control({"add_user", "shop", secret}).status == 0);
    CHECK(is_refused("not found"));
    CHECK(shop.mails() == 0);
    REQUIRE(broker.control({"add_vhost", "backroom"}).status == 0);
    REQUIRE(broker.control({"set_permissions", "-p", "backroom", "shop", ".*", ".*", ".*"}).status == 0);
    CHECK(shop.is_notified(order, "order_confirmed"));
    CHECK(eventually([&] { return shop.is_copied(ann); }));
    CHECK(eventually([&] { return shop.trouble("order").empty(); }));
    CHECK(shop.system.logs().find(secret) == std::string::npos);
  }

  SECTION("to a program of somebody else's too, from the queue that it made") {
    if (!std::filesystem::exists(SVC_TEST_PEERS "/node_modules/amqplib")) {
      std::cerr << "SKIPPED: amqplib is not in build/test-peers: scripts/test installs it from npm\n";
      return;
    }
    const TempDir dir;
    Child consumer({"node", SVC_SOURCE_DIR "/tests/carriers/consume.cjs", broker.url(), "order_created"}, dir / "log",
                   {"NODE_PATH=" SVC_TEST_PEERS "/node_modules"});
    REQUIRE(consumer.first_line() == "ready");
    Shop shop(whole, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann");
    const auto order = shop.order(ann);
    const auto message = json::parse(consumer.first_line().value_or(""));
    CHECK(message["contentType"] == "application/cloudevents+json");
    const auto& event = message["event"];
    CHECK(message["messageId"] == event["id"]);
    CHECK(event["specversion"] == "1.0");
    CHECK(event["source"] == "/svc/order");
    CHECK(event["type"] == "order_created");
    CHECK(event["subject"] == order);
    CHECK(event["datacontenttype"] == "application/json");
    CHECK(event["dataversion"] == 1);
    CHECK(event["data"]["id"] == order);
    CHECK(event["data"]["userId"] == ann.id);
    CHECK(event["data"]["items"][0]["sku"] == "anvil");
  }

  SECTION("and a stranger's queue that is full goes without its copies, and holds up nobody") {
    broker.control({"delete_queue", "order_created"});  // another section's, of another kind
    {
      auto session = amqp::Session::open(amqp::parse_address(broker.url()).value(), {});
      REQUIRE(session.has_value());
      REQUIRE((*session)->declare("svc.events", std::vector{amqp::Queue{"order_created", {}}}).has_value());
    }
    REQUIRE(broker
                .control({"set_policy", "full", "^order_created$", R"({"max-length":1,"overflow":"reject-publish"})",
                          "--apply-to", "queues"})
                .status == 0);
    Shop shop(whole, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann");
    for (int i = 0; i < 5; ++i) CHECK(shop.is_notified(shop.order(ann), "order_confirmed"));
    CHECK(eventually([&] {
      const auto logs = shop.system.logs();
      return logs.find("event_copies_not_taken") != std::string::npos &&
             logs.find("published as order_created") != std::string::npos;
    }));
    CHECK(broker.control({"clear_policy", "full"}).status == 0);
    CHECK(broker.control({"delete_queue", "order_created"}).status == 0);
  }

  SECTION("and a relay's lease from before the clock was set back holds up nobody") {
    Shop shop(whole, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann");
    REQUIRE(shop.is_notified(shop.order(ann), "order_confirmed"));
    SQLite::Database((shop.system.data() / "order.db").string(), SQLite::OPEN_READWRITE)
        .exec(
            "UPDATE outbox_readers SET owner = 'gone', fence = fence + 1, lease_until = lease_until + 3600000 "
            "WHERE name = 'amqp'");
    CHECK(shop.is_notified(shop.order(ann), "order_confirmed"));
  }

  SECTION("and what is no event of ours is put aside") {
    Shop shop(whole, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann");
    const auto first = shop.order(ann);
    REQUIRE(shop.is_notified(first, "order_confirmed"));
    auto newer = event_of("n-1", "order_confirmed");
    newer["dataversion"] = 2;
    throw_in(broker, "no JSON");
    throw_in(broker, event_of("u-1", "order_forgotten").dump());
    throw_in(broker, newer.dump());
    throw_in(broker, event_of("e-1", "order_confirmed").dump());  // of no order
    // The event that was had already comes again and says something else.
    auto again = event_of(shop.notifications(first).at(0)["id"], "order_cancelled");
    again["subject"] = first;
    throw_in(broker, again.dump());
    const auto second = shop.order(ann);
    CHECK(shop.is_notified(second, "order_confirmed"));

    const auto aside = shop.events("notification");
    CHECK(aside["parked"] == 4);
    CHECK(aside["retrying"].get<int>() + aside["behind"].get<int>() == 0);
    const auto reason = [&](const std::string& id) {
      return shop.administer("GET", "/admin/events/notification/" + id).json().value("reason", "");
    };
    const auto unreadable = shop.parked("notification", "unreadable");
    REQUIRE(unreadable.is_object());
    CHECK(unreadable["event"]["data"] == "no JSON");
    CHECK(reason("u-1") == "unknown_event");
    CHECK(reason("n-1") == "newer_event");
    CHECK(reason("e-1") == "unreadable_event");
    CHECK(shop.notifications(first).size() == 1);

    throw_in(broker, "no JSON");  // known already
    throw_in(broker, "nor this");
    CHECK(eventually([&] { return shop.events("notification")["parked"] == 5; }));
    const std::string path = "/admin/events/notification/" + unreadable["event"]["id"].get<std::string>();
    CHECK(shop.administer("POST", path + "/retry").json()["state"] == "parked");
    CHECK(shop.administer("POST", path + "/drop").json()["state"] == "dropped");
    CHECK(shop.administer("GET", path).status == 404);
    CHECK(shop.events("notification")["parked"] == 4);
  }

  SECTION("from whichever process of a module is alive, in their order") {
    Shop shop({{"user"}, {"user"}, {"registry", "order", "inventory", "payment", "notification", "gateway"}},
              {"--events=" + broker.url(), "--amqp.lease-ms=500"});
    const auto sign_up = [&](std::size_t copy, const std::string& name) {
      const json account{{"name", name}, {"email", name + "@example.com"}, {"password", "correct horse"}};
      const auto made = send(shop.system.port("user", copy), "POST", "/users", {}, account.dump());
      REQUIRE(made.status == 201);
      return Customer{made.json()["id"], ""};
    };
    std::vector<Customer> customers;
    for (const std::size_t frozen : {0u, 1u, 0u}) {
      shop.system.process("user", frozen).signal(SIGSTOP);
      for (int i = 0; i < 3; ++i) customers.push_back(sign_up(1 - frozen, "c" + std::to_string(customers.size())));
      CHECK(eventually([&] { return shop.is_copied(customers.back()); }));
      shop.system.process("user", frozen).signal(SIGCONT);
    }
    CHECK(shop.count("order", "SELECT COUNT(*) FROM customers") == 9);
    CHECK(shop.count("user", "SELECT fence FROM outbox_readers WHERE name = 'amqp'") >= 2);
    CHECK(shop.events("order")["parked"] == 0);
  }

  SECTION("and keeps nobody who wants to stop, though it stands still") {
    const bool from_the_start = GENERATE(false, true);
    CAPTURE(from_the_start);
    if (from_the_start) broker.freeze();
    Shop shop(whole, {"--events=" + broker.url()});
    const auto ann = shop.customer("ann");
    if (!from_the_start) {
      CHECK(eventually([&] { return shop.is_copied(ann); }));
      broker.freeze();
    }
    shop.order(ann);
    const auto took = time_to_stop(shop);
    broker.thaw();
    CHECK(took < seconds{3});
    shop.system.start_all();
    CHECK(eventually([&] { return shop.mails() == 1; }));
  }
}

TEST_CASE("a broker that is away, and one that dies, lose nothing") {
  if (!Broker::there()) return;
  static Broker broker;
  broker.kill();
  Shop shop(whole, {"--events=" + broker.url()});
  const auto ann = shop.customer("ann"), bob = shop.customer("bob");
  shop.leave(bob);
  std::vector<std::string> orders{shop.order(ann)};
  CHECK(eventually([&] { return !shop.trouble("notification").empty(); }));
  broker.start();
  CHECK(shop.is_notified(orders[0], "order_confirmed"));
  CHECK(eventually([&] { return shop.count("order", "SELECT COUNT(*) FROM inbox") == 3; }));
  CHECK(shop.is_copied(ann));
  CHECK_FALSE(shop.is_copied(bob));
  REQUIRE(eventually([&] { return broker.keeps("svc.order") && broker.keeps("svc.notification"); }));

  for (int i = 0; i < 60; ++i) {
    orders.push_back(shop.order(ann));
    if (i == 20) broker.kill();
  }
  CHECK(eventually([&] { return !shop.trouble("notification").empty(); }));
  CHECK(shop.mails() < orders.size());
  broker.start();
  for (const auto& order : orders) CHECK(shop.is_notified(order, "order_confirmed"));
  CHECK(shop.mails() == orders.size());
  CHECK(shop.count("notification", "SELECT COUNT(*) FROM inbox") == static_cast<int>(orders.size()));
  CHECK(eventually([&] { return shop.trouble("notification").empty(); }));
  broker.stop();
  CHECK(time_to_stop(shop) < seconds{3});
}

}  // namespace
