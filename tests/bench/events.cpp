// How soon an event has its effect, and how many do in a second: an outbox and a consumer in one process,
// each with its database, and a carrier between them: the embedded one, and RabbitMQ where it is installed, started for
// this. Prints JSON. Run by scripts/bench.
//
//   bench_events [EVENTS]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "events/amqp_carrier.h"
#include "events/subscribe.h"
#include "support/broker.h"
#include "support/temp_dir.h"
#include "support/things.h"

namespace {

using namespace svc;
using test::Moved;

constexpr int measured = 1'000, publishers = 32, in_a_transaction = 5;

struct Bench {
  test::TempDir dir;
  SystemClock clock;
  Uuid7 ids{clock};
  Loops loops{2};  // one for each side
  const std::unique_ptr<events::Carrier> carrier;
  events::Setup events{*carrier, {}, {}};
  Environment environment{loops, clock, ids, "bench", dir.path(), events};
  sql::Database made{dir / "maker.db", test_things::migrations()};
  sql::Database heard{dir / "hearer.db", test_things::migrations()};
  events::Outbox outbox{made, "maker", environment};
  events::Consumer consumer{heard, "hearer", environment};
  std::atomic<int> handled{0};
  std::atomic<Steady::rep> handled_at{0}, committed_at{0};

  /// `broker`: the URI of one, or empty.
  explicit Bench(const std::string& broker) : carrier(carrier_for(broker)) {
    consumer.follow("maker", outbox);
    events::subscribe<Moved>(
        consumer, "maker",
        [this](sql::Transaction& transaction, const Moved& moved, const Envelope&) -> Result<Nothing> {
          handled_at = Steady::now().time_since_epoch().count();
          transaction.execute("INSERT INTO effects (subject, number) VALUES (?, ?)", moved.thing, moved.number);
          ++handled;
          handled.notify_one();
          return Nothing{};
        });
    consumer.start(loops[0]);
    outbox.start(loops[1]);
  }
  ~Bench() {
    consumer.stop();
    outbox.stop();
    loops.stop();
  }

  std::unique_ptr<events::Carrier> carrier_for(const std::string& broker) {
    if (broker.empty()) return std::make_unique<events::Embedded>();
    return std::make_unique<events::AmqpCarrier>(amqp::parse_address(broker).value(), events::AmqpOptions{},
                                                 std::vector{events::queue_for<EventList<Moved>>("hearer", {})},
                                                 "bench", clock);
  }

  Task<> publish(std::string thing, int count) {
    auto writing = made.write(Steady::time_point::max(), [&](sql::Transaction& transaction) -> Result<Nothing> {
      for (int number = 1; number <= count; ++number) outbox.publish(transaction, Moved{thing, number}, Call{});
      return Nothing{};
    });
    auto written = co_await writing;
    if (!written) std::abort();
  }
  Task<> publish_one() {
    auto publishing = publish("thing", 1);
    co_await publishing;
    committed_at = Steady::now().time_since_epoch().count();
    committed_at.notify_one();
  }
  Task<> publish_many(int who, int transactions) {
    for (int i = 0; i < transactions; ++i) {
      auto publishing = publish("thing-" + std::to_string(who), in_a_transaction);
      co_await publishing;
    }
  }
  void wait_for(int count) {
    for (int now = handled; now < count; now = handled) handled.wait(now);
  }
};

// From when the publisher hears that the commit is on disk to when the handler is entered, one event at a
// time.
std::vector<double> delays_us(Bench& bench) {
  std::vector<double> delays;
  for (int i = 1; i <= measured; ++i) {
    bench.committed_at = 0;
    bench.loops[1].post([&] { detach(bench.publish_one()); });
    bench.committed_at.wait(0);
    bench.wait_for(i);
    const Steady::duration delay{bench.handled_at - bench.committed_at};
    delays.push_back(std::max(0.0, std::chrono::duration<double, std::micro>(delay).count()));
  }
  std::ranges::sort(delays);
  return delays;
}

double events_per_second(Bench& bench, int count) {
  const int transactions = count / publishers / in_a_transaction, before = bench.handled;
  const auto begun = Steady::now();
  bench.loops[1].post([&] {
    for (int who = 0; who < publishers; ++who) detach(bench.publish_many(who, transactions));
  });
  const int all = transactions * publishers * in_a_transaction;
  bench.wait_for(before + all);
  const std::chrono::duration<double> took = Steady::now() - begun;
  return all / took.count();
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 50'000;
  {
    Bench bench("");
    const auto delays = delays_us(bench);
    const double per_second = events_per_second(bench, count);
    std::printf("{\"commit_to_handler_us\": {\"median\": %.0f, \"p99\": %.0f}, \"embedded_per_second\": %.0f",
                delays[delays.size() / 2], delays[delays.size() * 99 / 100], per_second);
  }
  if (test::Broker::there()) {
    test::Broker broker;
    Bench bench(broker.url());
    events_per_second(bench, 1'000);  // the queue is there then
    std::printf(", \"rabbitmq_per_second\": %.0f", events_per_second(bench, count));
  }
  std::printf("}\n");
}
