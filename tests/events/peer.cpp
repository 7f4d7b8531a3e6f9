// A process that publishes events, or one that consumes them: what a test kills.
//
//   events_peer publish --data DIR --cluster DIR --port P --events N --subjects S [--carrier URL]
//   events_peer consume --data DIR --cluster DIR --from URL [--carrier URL]
//
// publish numbers the events of each subject from 1, a few to a transaction, goes on where it was, and serves
// its feed. consume notes (subject, number) of each. Both say "ready" when they are, and run until they are
// killed. Both show themselves by the cluster's key, which they make where there is none.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "events/amqp_carrier.h"
#include "events/subscribe.h"
#include "http/client.h"
#include "http/outside.h"
#include "http/server.h"
#include "support/things.h"

namespace {

using namespace svc;
using test::Moved;

class Flags {
 public:
  Flags(int argc, char** argv) {
    for (int i = 2; i + 1 < argc; i += 2) values_[argv[i]] = argv[i + 1];
  }
  const std::string& text(const std::string& name) const { return values_.at("--" + name); }
  int number(const std::string& name) const { return std::stoi(text(name)); }
  std::string text_or(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find("--" + name);
    return found == values_.end() ? otherwise : found->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::unique_ptr<events::Carrier> carrier_of(const std::string& url, const std::string& owner, const Clock& clock) {
  if (url == "embedded") return std::make_unique<events::Embedded>();
  const auto broker = amqp::parse_address(url);
  if (!broker) throw std::invalid_argument("no such carrier: " + broker.error().detail);
  events::AmqpOptions options;
  options.lease_ms = 1'500;  // a publisher that is killed is followed by another soon
  return std::make_unique<events::AmqpCarrier>(
      *broker, options, std::vector{events::queue_for<EventList<Moved>>("hearer", {})}, owner, clock);
}

// What both are made of.
struct Process {
  explicit Process(const Flags& flags)
      : carrier(carrier_of(flags.text_or("carrier", "embedded"), instance, clock)),
        environment{loops, clock, ids, instance, flags.text("data"), events},
        cluster(flags.text("cluster"), clock),
        database(environment.data / "peer.db", test_things::migrations()) {}

  SystemClock clock;
  Uuid7 ids{clock};
  std::string instance = ids.next();
  Loops loops{2};
  std::unique_ptr<events::Carrier> carrier;
  events::Setup events{*carrier, {}, {}};
  Environment environment;
  ClusterKey cluster;
  sql::Database database;
};

[[noreturn]] void run_until_killed() {
  std::puts("ready");
  std::fflush(stdout);
  while (true) ::pause();
}

class Publisher {
 public:
  Publisher(Process& process, int events_of_each, int subjects)
      : process_(process),
        outbox_(process.database, "maker", process.environment),
        last_(events_of_each),
        subjects_(subjects) {}

  EventFeed& feed() { return outbox_; }

  void start() {
    outbox_.start(process_.loops[0]);
    process_.loops[1].post([this] {
      for (int worker = 0; worker < workers; ++worker) detach(publish_every(worker));
    });
  }

 private:
  static constexpr int workers = 16, in_a_transaction = 5;

  // The subjects of one worker, in turn. Nobody else writes of them, so their order is that of their numbers.
  Task<> publish_every(int worker) {
    std::deque<Moved> subjects;
    for (int i = worker; i < subjects_; i += workers) {
      const Moved last = last_of("subject-" + std::to_string(i));
      if (last.number < last_) subjects.push_back(last);
    }
    while (!subjects.empty()) {
      std::vector<Moved> events;
      for (int i = 0; i < in_a_transaction && !subjects.empty(); ++i) {
        Moved next = subjects.front();
        subjects.pop_front();
        ++next.number;
        events.push_back(next);
        if (next.number < last_) subjects.push_back(next);
      }
      auto writing =
          process_.database.write(Steady::time_point::max(), [&](sql::Transaction& transaction) -> Result<Nothing> {
            for (const auto& event : events) {
              transaction.execute(
                  "INSERT INTO numbers (subject, number) VALUES (?, ?) "
                  "ON CONFLICT (subject) DO UPDATE SET number = excluded.number",
                  event.thing, event.number);
              outbox_.publish(transaction, event, Call{});
            }
            return Nothing{};
          });
      auto written = co_await writing;
      if (!written) throw std::runtime_error(written.error().detail);  // ends the process
    }
  }

  Moved last_of(const std::string& subject) {
    const auto number = process_.database.read([&](sql::Session& session) {
      return session.first(
          "SELECT number FROM numbers WHERE subject = ?", [](const sql::Row& row) { return row.integer(0); }, subject);
    });
    return {subject, number.value_or(0)};
  }

  Process& process_;
  events::Outbox outbox_;
  const std::int64_t last_;
  const int subjects_;
};

int publish(const Flags& flags) {
  Process process(flags);
  const int subjects = flags.number("subjects");
  Publisher publisher(process, flags.number("events") / subjects, subjects);
  TokenVerifier tokens(process.clock, []() -> Task<Result<Jwks>> { return Jwks{}; }, {});
  const http::Identify identify(tokens, process.cluster, {});
  http::Router router;
  http::Outside<EventFeed>::mount(router, Surface::internal, publisher.feed(), identify);
  http::Server server(process.loops, "127.0.0.1", flags.number("port"),
                      [&router](http::Request& request) { return router.dispatch(request); }, {});
  server.start();
  publisher.start();
  run_until_killed();
}

int consume(const Flags& flags) {
  Process process(flags);
  http::Client client({});
  const auto transport =
      std::make_shared<http::RemoteTransport>(client, http::parse_base_url(flags.text("from")).value());
  const auto maker = http::Outside<EventFeed>::connect({transport, &process.cluster, "hearer", "maker"});
  events::Consumer consumer(process.database, "hearer", process.environment);
  consumer.follow("maker", *maker);
  events::subscribe<Moved>(
      consumer, "maker", [](sql::Transaction& transaction, const Moved& moved, const Envelope&) -> Result<Nothing> {
        transaction.execute("INSERT INTO effects (subject, number) VALUES (?, ?)", moved.thing, moved.number);
        return Nothing{};
      });
  consumer.start(process.loops[0]);
  run_until_killed();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    const Flags flags(argc, argv);
    if (what == "publish") return publish(flags);
    if (what == "consume") return consume(flags);
    std::fprintf(stderr, "events_peer publish|consume --data DIR --cluster DIR …\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "events_peer: %s\n", error.what());
  }
  return 2;
}
