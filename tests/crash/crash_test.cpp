// kill -9 before and after every durable step, and at any moment under load; then the books are looked at.
//
// A step is durable when a database's writer has written its commit to the WAL and synced it. strace kills the
// process at the N-th of these system calls on one database: at pwrite64 the commit is not written, or not wholly where
// it is a long one (core/sql/gathering_vfs.h); at fdatasync it is written and not yet synced, which for a killed
// process is "after".
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "crash/books.h"
#include "support/catch.h"

namespace {

using namespace svc::test;

const std::vector<std::string> impatient{"--order.saga.lease-ms=1500", "--order.saga.step-timeout-ms=500",
                                         "--order.saga.poll-ms=50", "--threads=2", "--drain-seconds=2"};

bool soaking() { return std::getenv("SOAK") != nullptr; }

bool have_strace() {
  static const bool have = run_command({"strace", "-f", "-qq", "-o", "/dev/null", "true"}).status == 0;
  if (!have) std::cerr << "SKIPPED: strace is not there, or may not trace: kills at chosen steps are not tried\n";
  return have;
}

std::vector<std::string> killer(const System& system, const std::string& database, const std::string& call, int when) {
  // -D: the tracer is the grandchild, so that the child we wait for is the one that dies.
  return {"strace", "-D",
          "-f",     "-qq",
          "-o",     "/dev/null",
          "-P",     (system.data() / (database + ".db-wal")).string(),
          "-e",     "trace=" + call,
          "-e",     "inject=" + call + ":signal=KILL:when=" + std::to_string(when)};
}

// Starts the system so that it dies at one point, lets `act` run into it, starts it again, and looks at the
// books. False when the point was never reached.
template <class Act>
bool die_at(System& system, const Shop& shop, const std::string& database, const std::string& call, int when, Act act) {
  INFO("killed at " << call << " " << when << " of " << database);
  system.stop_all(SIGTERM);
  // Readers of events note themselves at the start: its first writes may come before it is ready.
  const bool ready = system.try_start(0, killer(system, database, call, when));
  const Answer answer = ready ? act() : Answer{};
  if (!ready) CHECK(system.process("all").wait() == 128 + SIGKILL);
  const bool died = answer.status == 0 || !system.process("all").running();
  if (!died) system.process("all").signal(SIGKILL);
  system.process("all").wait();
  system.start(0);
  const auto orders = settled_orders(system, shop);
  check_books(system, orders);
  if (answer.status == 201 || answer.status == 200) {
    // Acknowledged: it is there, and as good as it was said to be.
    const std::string id = answer.json()["id"];
    CHECK(std::ranges::any_of(orders, [&](const auto& order) { return order["id"] == id; }));
  }
  return died;
}

struct Point {
  std::string database, call;
};
const std::vector<Point> points{{"order", "fdatasync"},
                                {"order", "pwrite64"},
                                {"inventory", "fdatasync"},
                                {"inventory", "pwrite64"},
                                {"payment", "fdatasync"},
                                {"payment", "pwrite64"},
                                {"payment-provider", "fdatasync"},
                                {"payment-provider", "pwrite64"}};

// Dies at every point that `act` reaches.
template <class Act>
void die_everywhere(System& system, const Shop& shop, Act act) {
  int turn = 0;
  std::map<std::string, int> deaths;
  for (const auto& point : points)
    for (int when = 1; when < 200; ++when) {
      if (!die_at(system, shop, point.database, point.call, when, [&] { return act(++turn); })) break;
      ++deaths[point.call];
    }
  CHECK(deaths["fdatasync"] >= 6);  // every commit of an order is synced before it is answered
  CHECK(deaths["pwrite64"] >= 6);
}

constexpr int held_first = 1'000'000'000, sold_at_once = 1;

// `ample_stock`: how many times what is ordered must be there for it to be sold beside the charge.
void die_in_an_order(const std::string& method, int ample_stock) {
  if (!have_strace()) return;
  auto flags = impatient;
  flags.push_back("--inventory.ample-stock=" + std::to_string(ample_stock));
  System system(whole, flags);
  const Shop shop(system);
  die_everywhere(system, shop, [&](int turn) { return shop.place(system, method, 2, method + std::to_string(turn)); });
}

TEST_CASE("killed at any durable step of an order that is confirmed, nothing that was promised changes") {
  die_in_an_order("tok_visa", held_first);
}
TEST_CASE("killed at any durable step of an order that is declined, nothing that was promised changes") {
  die_in_an_order("tok_declined", held_first);
}
TEST_CASE("killed at any durable step of an order that is retried, nothing that was promised changes") {
  die_in_an_order("tok_flaky", held_first);
}
TEST_CASE(
    "killed at any durable step of an order that sells at once and is confirmed, nothing that was promised changes") {
  die_in_an_order("tok_visa", sold_at_once);
}
TEST_CASE(
    "killed at any durable step of an order that sells at once and is declined, nothing that was promised changes") {
  die_in_an_order("tok_declined", sold_at_once);
}
TEST_CASE(
    "killed at any durable step of an order that sells at once and is retried, nothing that was promised changes") {
  die_in_an_order("tok_flaky", sold_at_once);
}

TEST_CASE("killed at any durable step of a cancellation, nothing that was promised changes") {
  if (!have_strace()) return;
  System system(whole, impatient);
  const Shop shop(system);
  std::string order = shop.place(system, "tok_visa", 3, "").json()["id"];
  int deaths = 0;
  for (const auto& point : points)
    for (int when = 1; when < 200; ++when) {
      if (shop.status_of(system, order) != "confirmed") order = shop.place(system, "tok_visa", 3, "").json()["id"];
      if (!die_at(system, shop, point.database, point.call, when, [&] { return shop.cancel(system, order); })) break;
      ++deaths;
    }
  CHECK(deaths > 6);
}

TEST_CASE("an order whose answer was lost is found under its key, once") {
  if (!have_strace()) return;
  System system(whole, impatient);
  const Shop shop(system);
  for (const int when : {1, 2}) {
    const std::string key = "lost" + std::to_string(when);
    const bool died =
        die_at(system, shop, "order", "fdatasync", when, [&] { return shop.place(system, "tok_visa", 1, key); });
    CHECK(died);
    const auto again = shop.place(system, "tok_visa", 1, key);
    REQUIRE(again.status == 201);
    CHECK(again.json()["status"] == "confirmed");
    CHECK(shop.place(system, "tok_visa", 1, key).json()["id"] == again.json()["id"]);
  }
  const auto orders = settled_orders(system, shop);
  CHECK(orders.size() == 2);
  check_books(system, orders);
}

// Many clients, and a killer among them.
void kill_under_load(System& system, const std::vector<std::string>& victims, int kills) {
  const Shop shop(system);
  std::mutex mutex;
  std::vector<std::string> acknowledged;
  std::atomic<bool> stop{false};
  std::atomic<int> placed{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client)
    clients.emplace_back([&, client] {
      for (int turn = 0; !stop; ++turn) {
        const std::string method = turn % 5 == 4 ? "tok_declined" : turn % 7 == 6 ? "tok_flaky" : "tok_visa";
        const auto answer =
            shop.place(system, method, 1 + turn % 3, std::to_string(client) + "-" + std::to_string(turn));
        if (answer.status != 201) continue;
        ++placed;
        const std::string id = answer.json()["id"];
        const std::lock_guard lock(mutex);
        acknowledged.push_back(id);
        if (turn % 6 == 5) shop.cancel(system, id);
      }
    });
  std::mt19937 random(std::random_device{}());
  for (int kill = 0; kill < kills; ++kill) {
    const int before = placed;
    while (placed < before + 20) std::this_thread::yield();
    system.restart(victims[random() % victims.size()], SIGKILL);
  }
  stop = true;
  for (auto& client : clients) client.join();
  const auto orders = settled_orders(system, shop);
  check_books(system, orders);
  for (const auto& id : acknowledged) {
    CAPTURE(id);
    CHECK(std::ranges::any_of(orders, [&](const auto& order) { return order["id"] == id; }));
  }
}

TEST_CASE("killed again and again under load, in one process") {
  System system(whole, impatient);
  kill_under_load(system, {"all"}, soaking() ? 100 : 3);
}

TEST_CASE("killed again and again under load, a process per module") {
  System system(split, impatient);
  kill_under_load(system, {"order", "inventory", "payment", "user", "gateway"}, soaking() ? 100 : 5);
}

}  // namespace
