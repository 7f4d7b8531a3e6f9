// Whoever is killed, and however often: each event has its effect once, and in the order of its subject.
//
// SOAK=1 kills twenty times, where else it is three.
#include <SQLiteCpp/SQLiteCpp.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <random>

#include "support/broker.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"

namespace {

using namespace svc::test;

constexpr int all_events = 100'000, subjects = 500;

bool soaking() { return std::getenv("SOAK") != nullptr; }

/// A publisher and a consumer, each a process, and what carries events from one to the other.
class Pair {
 public:
  explicit Pair(std::string carrier) : carrier_(std::move(carrier)) {
    start_publisher();
    start_consumer();
  }
  void kill_publisher() {
    end(*publisher_);
    start_publisher();
  }
  void kill_consumer() {
    end(*consumer_);
    start_consumer();
  }

  /// How many effects there are, as a reader sees them who has no part in it.
  int effects() const {
    SQLite::Database database(consumer_file(), SQLite::OPEN_READONLY, 10'000);
    return database.execAndGet("SELECT COALESCE(MAX(rowid), 0) FROM effects").getInt();
  }
  std::string consumer_file() const { return dir_ / "consumer" / "peer.db"; }

 private:
  std::unique_ptr<Child> started(std::vector<std::string> command) {
    command.insert(command.begin(), SVC_EVENTS_PEER);
    command.insert(command.end(), {"--cluster", dir_ / "cluster", "--carrier", carrier_});
    auto child = std::make_unique<Child>(command, dir_ / "log");
    if (child->first_line() != "ready") throw std::runtime_error(command[1] + " did not start");
    return child;
  }
  void start_publisher() {
    publisher_ = started({"publish", "--data", dir_ / "publisher", "--port", std::to_string(port_), "--events",
                          std::to_string(all_events), "--subjects", std::to_string(subjects)});
  }
  void start_consumer() {
    consumer_ =
        started({"consume", "--data", dir_ / "consumer", "--from", "http://127.0.0.1:" + std::to_string(port_)});
  }
  static void end(Child& child) {
    child.signal(SIGKILL);
    child.wait();
  }

  const TempDir dir_;
  const std::string carrier_;
  const int port_ = free_port();
  std::unique_ptr<Child> publisher_, consumer_;
};

// What the consumer has noted: each subject's events from the first to the last, in order, and nothing else.
void check_effects(const Pair& pair) {
  SQLite::Database database(pair.consumer_file(), SQLite::OPEN_READONLY, 10'000);
  std::map<std::string, int> last;
  int rows = 0, out_of_order = 0;
  SQLite::Statement effects(database, "SELECT subject, number FROM effects ORDER BY rowid");
  for (; effects.executeStep(); ++rows) {
    int& number = last[effects.getColumn(0).getString()];
    if (effects.getColumn(1).getInt() != number + 1) ++out_of_order;
    number = effects.getColumn(1).getInt();
  }
  CHECK(rows == all_events);
  CHECK(out_of_order == 0);  // nor twice, nor missing
  CHECK(last.size() == subjects);
  CHECK(std::ranges::all_of(last, [](const auto& entry) { return entry.second == all_events / subjects; }));
  CHECK(database.execAndGet("SELECT COUNT(*) FROM parked_events").getInt() == 0);
}

/// Each of `killers` ends something of the pair's and starts it again. They take turns; the first has its
/// while much is still to be published.
using Killers = std::vector<std::function<void(Pair&)>>;
void survive(const std::string& name, const std::string& carrier, const Killers& killers) {
  const int kills = soaking() ? 20 : 3;
  std::mt19937 random(std::random_device{}());
  const auto begun = std::chrono::steady_clock::now();
  Pair pair(carrier);
  for (int kill = 0; kill < kills; ++kill) {
    const int least = pair.effects() + 1 + static_cast<int>(random() % (all_events / (kills + 1)));
    REQUIRE(eventually([&] { return pair.effects() >= std::min(least, all_events); }, std::chrono::seconds{120}));
    killers[static_cast<std::size_t>(kill) % killers.size()](pair);
  }
  REQUIRE(eventually([&] { return pair.effects() >= all_events; }, std::chrono::seconds{240}));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << all_events << " events by " << name << ", " << kills << " kills: " << took.count() << " s\n";
  check_effects(pair);
}

TEST_CASE("killed again and again, publisher, broker and consumer have each event's effect once and in order") {
  if (!Broker::there()) return;
  Broker broker;
  const auto kill_broker = [&](Pair&) {
    // What is published to a queue in the first seconds of its life is not what this is about (broker.h).
    REQUIRE(eventually([&] { return broker.keeps("svc.hearer"); }));
    broker.kill();
    broker.start();
  };
  survive("RabbitMQ", broker.url(), {&Pair::kill_publisher, kill_broker, &Pair::kill_consumer});
}

TEST_CASE("killed again and again, publisher and consumer have each event's effect once and in order") {
  survive("the embedded carrier", "embedded", {&Pair::kill_publisher, &Pair::kill_consumer});
}

}  // namespace
