// Instances come, go, hang and die, and clients do not notice. The real binary, two copies of every service, the
// registry between them, and a load of requests that may all be repeated.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "support/catch.h"
#include "support/eventually.h"
#include "survival/load.h"
#include "survival/outage.h"

namespace {

using namespace svc::test;
using nlohmann::json;

// scripts/soak counts long.
bool soaks() { return std::getenv("SOAK") != nullptr; }

const std::vector<std::string> services{"user", "inventory", "payment", "order"};
// Leases of the shortest kind, so that a test need not wait for the usual ones.
const std::vector<std::string> quick{"--registry.lease-seconds=3", "--registry.beat-ms=1000",
                                     "--registry.probe-ms=500"};

json instances_of(const System& system, const std::string& service) {
  return send(system.port("registry"), "GET", "/services/" + service).json()["instances"];
}

// How a process sees the instance of `service` at `port`: serving, ejected, on_trial; or "" when it knows none there.
std::string standing(const System& system, const std::string& seen_by, const std::string& service, int port) {
  const auto status = send(system.health_port(seen_by), "GET", "/admin/status", bearer(system.operator_token())).json();
  for (const auto& link : status["links"])
    for (const auto& instance : link["instances"])
      if (link["module"] == service && instance["port"] == port) return instance["standing"];
  return "";
}

void check_no_failure(Load& load) {
  load.stop();
  const auto failures = load.failures();
  CAPTURE(load.answered());
  for (const auto& failure : failures) UNSCOPED_INFO(failure);
  CHECK(failures.empty());
  CHECK(load.twice() == 0);
}

// Every acknowledged order is there, and has ended.
void check_orders(const System& system, const Load& load) {
  for (const auto& id : load.orders()) {
    const auto settled = [&] {
      const auto order = send(system.gateway(), "GET", "/orders/" + id, bearer(load.customer()));
      return order.status == 200 && order.json()["status"] == "confirmed";
    };
    if (!eventually(settled)) FAIL_CHECK("order " << id << " is not confirmed");
  }
}

TEST_CASE("one of two copies is killed, of each service in turn, and no request fails") {
  System system(twice, quick);
  Load load(system, [&] { return system.gateway(); }, {});
  load.pass(200);
  for (const auto& service : services) {
    CAPTURE(service);
    const int port = system.port(service, 1);
    system.process(service, 1).signal(SIGKILL);
    system.process(service, 1).wait();
    load.pass(200);
    const std::string asker = service == "payment" ? "order" : "gateway";  // nobody asks the gateway for payments
    CHECK(eventually([&] { return standing(system, asker, service, port) != "serving"; }));
    CHECK(eventually([&] { return instances_of(system, service).size() == 1; }));
    system.start(system.index_of(service, 1));
    CHECK(eventually([&] { return standing(system, asker, service, port) == "serving"; }));
    load.pass(100);
  }
  check_no_failure(load);
  check_orders(system, load);
}

TEST_CASE("one of two copies hangs, of each service in turn, and no read fails") {
  auto flags = quick;
  flags.emplace_back("--http.deadline-seconds=2");  // what waited for the one that hangs would fail before it goes on
  System system(twice, flags);
  Load load(system, [&] { return system.gateway(); }, {.writes = false});
  load.pass(200);
  for (const std::string service : {"user", "inventory"}) {
    CAPTURE(service);
    const int port = system.port(service, 1);
    system.process(service, 1).signal(SIGSTOP);
    load.pass(500);
    CHECK(eventually([&] { return standing(system, "gateway", service, port) != "serving"; }));
    CHECK(eventually([&] { return instances_of(system, service).size() == 1; }));
    load.pass(200);
    system.process(service, 1).signal(SIGCONT);
    CHECK(eventually([&] { return standing(system, "gateway", service, port) == "serving"; }));
  }
  check_no_failure(load);
}

TEST_CASE("what a copy that hung had been asked to set is not set behind what came after it") {
  auto flags = quick;
  flags.emplace_back("--http.deadline-seconds=1");
  System system(twice, flags);
  const auto ops = bearer(system.operator_token());
  const auto put = [&](int on_hand) {
    return send(system.gateway(), "PUT", "/items/anvil", ops,
                R"({"name":"Anvil","unitPrice":{"amount":100,"currency":"USD"},"onHand":)" + std::to_string(on_hand) +
                    "}")
        .status;
  };
  REQUIRE(eventually([&] { return put(1) == 201; }));
  const int port = system.port("inventory", 1);
  REQUIRE(eventually([&] { return standing(system, "gateway", "inventory", port) == "serving"; }));
  system.process("inventory", 1).signal(SIGSTOP);
  // Some are sent to each of them.
  for (int i = 0; i < 6; ++i) put(10);
  REQUIRE(eventually([&] { return put(3) == 200; }));
  system.process("inventory", 1).signal(SIGCONT);
  REQUIRE(eventually([&] { return standing(system, "gateway", "inventory", port) == "serving"; }));
  for (const std::size_t copy : {0u, 1u})
    CHECK(send(system.port("inventory", copy), "GET", "/items/anvil", ops).json()["onHand"] == 3);
}

// Two copies on one SQLite file: one that is stopped may hold the file's lock, and the other then refuses
// what it cannot write. But it refuses; and whoever asks again, by the same key, is served once the lock is
// free.
TEST_CASE("one of two copies hangs while it writes, of each service in turn, and every order is taken once") {
  System system(twice, quick);
  Load load(system, [&] { return system.gateway(); }, {.repeats = true});
  load.pass(200);
  for (int cycle = 0; cycle < (soaks() ? 20 : 2); ++cycle)
    for (const std::string service : {"order", "inventory", "payment"}) {
      CAPTURE(cycle, service);
      system.process(service, 1).signal(SIGSTOP);
      // Not for a number of answers: who waits for the lock may hold every client up to its deadline.
      CHECK(eventually([&] { return instances_of(system, service).size() == 1; }));
      system.process(service, 1).signal(SIGCONT);
      CHECK(eventually([&] { return instances_of(system, service).size() == 2; }));
      load.pass(100);
    }
  check_no_failure(load);
  check_orders(system, load);
  std::cout << load.orders().size() << " orders taken, " << load.repeated() << " refusals on the way\n";
  std::size_t listed = 0;
  for (std::string cursor = "/orders?limit=100"; !cursor.empty();) {
    const auto page = send(system.gateway(), "GET", cursor, bearer(load.customer())).json();
    listed += page["items"].size();
    cursor = page.value("nextCursor", "").empty() ? "" : "/orders?limit=100&cursor=" + std::string(page["nextCursor"]);
  }
  CHECK(listed == load.orders().size());
}

TEST_CASE("while the registry is away everybody finds each other as before, and it fills again when it is back") {
  System system(twice, quick);
  Load load(system, [&] { return system.gateway(); }, {});
  load.pass(100);
  system.process("registry").signal(SIGKILL);
  system.process("registry").wait();
  // Leases of 3 s: they would all have ended long before the minute is over.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{soaks() ? 60 : 4};
  while (std::chrono::steady_clock::now() < until) load.pass(100);
  CHECK(load.failures().empty());
  system.start(system.index_of("registry", 0));
  for (const auto& service : services) CHECK(eventually([&] { return instances_of(system, service).size() == 2; }));
  load.pass(500);
  check_no_failure(load);
  check_orders(system, load);
}

TEST_CASE("every process is restarted in turn under load, and no request fails") {
  const bool keep_alive = GENERATE(true, false);
  const int cycles = soaks() ? 20 : 3;
  CAPTURE(keep_alive);
  auto placement = twice;
  placement.push_back({"gateway"});
  System system(placement, {"--registry.lease-seconds=3", "--registry.beat-ms=1000", "--linger-ms=300"});
  // Clients find a gateway as everybody finds everybody.
  const auto some_gateway = [&] {
    return send(system.port("registry"), "GET", "/discover/gateway").json()["port"].get<int>();
  };
  Load load(system, some_gateway, {.clients = 6, .keep_alive = keep_alive});
  auto restarted = services;
  restarted.emplace_back("gateway");
  for (int cycle = 0; cycle < cycles; ++cycle)
    for (const auto& service : restarted)
      for (std::size_t copy : {0u, 1u}) {
        CAPTURE(cycle, service, copy);
        system.restart(service, SIGTERM, copy);
        REQUIRE(eventually([&] { return instances_of(system, service).size() == 2; }));
        load.pass(20);
      }
  check_no_failure(load);
  check_orders(system, load);
}

TEST_CASE("a module is moved out of the whole into a process of its own, and back, under load") {
  System system({{"registry", "user", "inventory", "payment", "order", "notification", "gateway"}, {"order"}}, quick);
  const auto ops = bearer(system.operator_token());
  const auto wish = [&](const std::string& what) {
    return send(system.operations(), "POST", "/admin/modules/order/" + what, ops);
  };
  Load load(system, [&] { return system.gateway(); }, {});
  load.pass(100);
  for (int round = 0; round < 3; ++round) {
    CHECK(wish("drain").json()["state"] == "drained");
    load.pass(200);
    CHECK(send(system.operations(), "GET", "/health/ready").json()["links"]["order"] == "1 instance");
    CHECK(wish("resume").json()["state"] == "serving");
    load.pass(200);
    CHECK(send(system.operations(), "GET", "/health/ready").json()["links"]["order"] == "local");
  }
  check_no_failure(load);
  check_orders(system, load);

  CHECK(wish("drain").status == 200);
  CHECK(wish("drain").status == 200);
  CHECK(send(system.operations(), "POST", "/admin/modules/registry/drain", ops).status == 409);
  CHECK(send(system.operations(), "POST", "/admin/modules/nothing/drain", ops).status == 404);
  CHECK(send(system.operations(), "POST", "/admin/modules/order/drain").status == 401);
  CHECK(send(system.operations(), "POST", "/admin/modules/order/drain", bearer(load.customer())).status == 403);
  CHECK(send(system.gateway(), "POST", "/admin/modules/order/drain", ops).status == 404);
}

TEST_CASE("who registers as a module with a token is sent neither the system's calls nor its tokens") {
  System system({{"registry"}, {"user"}, {"inventory"}, {"payment"}, {"order"}, {"notification"}, {"gateway"}}, quick);
  Load load(system, [&] { return system.gateway(); }, {.clients = 0});
  Outage stranger;
  const std::vector<std::string> taken{"user", "inventory", "payment", "order", "gateway"};
  for (const auto& service : taken) stranger.register_as(service, system, Outage::By::stranger);
  for (const auto& service : taken) CHECK(instances_of(system, service).size() == 2);
  Load busy(system, [&] { return system.gateway(); }, {});
  busy.pass(1'000);  // for longer than news of an instance takes
  check_no_failure(busy);
  for (int i = 0; i < 10; ++i)
    CHECK(send(system.port("registry"), "GET", "/discover/user").json()["port"] == system.port("user"));
  const auto status = run_command({svc_binary(), "status", "--config=/dev/null", "--data=" + system.data().string(),
                                   "--registry=http://127.0.0.1:" + std::to_string(system.port("registry"))});
  CHECK(status.status == 0);
  CHECK(stranger.asked() == 0);
}

TEST_CASE("in an outage retries add at most a tenth to the calls that reach it, over three hops") {
  // Breakers that never open, so that every call is made.
  System system({{"registry"}, {"user"}, {"payment"}, {"order"}, {"notification"}, {"gateway"}, {"inventory"}},
                {"--resilience.breaker.window-calls=10000", "--resilience.breaker.minimum-calls=10000"});
  Load load(system, [&] { return system.gateway(); }, {.clients = 0});
  system.process("inventory").signal(SIGTERM);  // deregisters
  system.process("inventory").wait();
  Outage one, two;
  one.register_as("inventory", system);
  two.register_as("inventory", system);
  REQUIRE(eventually([&] {
    return send(system.operations(), "GET", "/health/ready").json()["links"]["inventory"] == "2 instances" &&
           send(system.port("order"), "GET", "/health/ready").json()["links"]["inventory"] == "2 instances";
  }));

  const auto customer = bearer(load.customer());
  constexpr int calls = 200;
  SECTION("client, gateway, inventory") {
    for (int i = 0; i < calls; ++i) CHECK(send(system.gateway(), "GET", "/items/anvil", customer).status == 503);
  }
  SECTION("client, gateway, order, inventory") {
    const std::string order = R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":"tok_visa"})";
    for (int i = 0; i < calls; ++i) {
      auto headers = customer;
      headers.emplace_back("Idempotency-Key", "outage-" + std::to_string(i));
      CHECK(send(system.gateway(), "POST", "/orders", headers, order).status == 503);
    }
  }
  const int asked = one.asked() + two.asked();
  std::cout << calls << " calls in an outage: " << asked << " reached it\n";
  CHECK(asked >= calls);
  CHECK(asked <= calls + calls / 10);
}

}  // namespace
