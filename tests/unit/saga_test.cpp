// The saga runner: steps, retries, compensation, and what is left of it when a process dies or loses its lease.
#include "async/loop.h"
#include "saga/runner.h"
#include "saga/store.h"
#include "sql/database.h"
#include "support/catch.h"
#include "support/temp_dir.h"

#include <deque>
#include <fstream>
#include <limits>
#include <map>

namespace svc::saga {
namespace {

using sql::Session;
using sql::Transaction;

std::string schema() {
  std::ifstream file(SVC_SAGA_SCHEMA);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What the world did and was asked to do, shared by all instances of one saga.
struct World {
  std::map<std::string, std::deque<Code>> refusals;  // by "pay" or "undo pay": what to answer first
  std::vector<std::string> calls;                    // in order
  std::vector<std::string> settled;                  // state and failure
  bool side_by_side = false;                         // whether the first step begins the second
  Task<Result<Nothing>> answer(std::string step) {
    calls.push_back(step);
    auto& planned = refusals[step];
    if (planned.empty()) return Result<Nothing>(Nothing{});
    const Code code = planned.front();
    planned.pop_front();
    return fail(code, "because_of_" + step, "words");
  }
};

constexpr std::array<const char*, 3> steps{"reserve", "pay", "confirm"};

class TestInstance final : public Instance {
 public:
  explicit TestInstance(World& world) : world_(world) {}
  Task<Result<Nothing>> forward(std::size_t step, Call) override { return world_.answer(steps[step]); }
  Task<Result<Nothing>> undo(std::size_t step, Call) override {
    return world_.answer(std::string("undo ") + steps[step]);
  }
  std::size_t begins(std::size_t step) const override { return world_.side_by_side && step == 0 ? 1 : step; }
  void conclude(State state, const Failure* failure, const Call&) override {
    concluded_ = std::string(to_name(state)) + (failure ? " " + failure->step + " " + failure->reason : "");
  }
  void settle(Transaction&) override { world_.settled.push_back(concluded_); }

 private:
  World& world_;
  std::string concluded_;
};

struct Bench {
  test::TempDir dir;
  ManualClock clock{{1'700'000'000'000}};
  std::string sql = schema();
  std::array<sql::Migration, 1> migrations{sql::Migration{1, "sagas", sql}};
  sql::Database database{dir / "a.db", migrations};
  World world;
  saga::Options options;
  const std::string id = "saga-1";

  Bench() {
    options.backoff_ms = 1;
    options.forward_attempts = 3;
    options.undo_attempts = 3;
    options.poll_ms = 10;
  }
  std::unique_ptr<Runner> runner(const std::string& owner) {
    Definition definition{"test",
                          {{"reserve", "release"}, {"pay", "refund"}, {"confirm", ""}},
                          [this](const std::string&) { return std::make_unique<TestInstance>(world); }};
    return std::make_unique<Runner>(database, clock, owner, definition, options);
  }
  template <class Change>
  std::optional<Record> change(Change what) {
    return *run_here([&] {
      return database.write(Steady::now() + seconds{5}, [&](Transaction& transaction) -> Result<std::optional<Record>> {
        return what(transaction);
      });
    });
  }
  // Launches and waits for the end.
  void run(Runner& by, Record record) {
    run_here([&]() -> Task<int> {
      const auto ended = by.launch(std::move(record), std::make_unique<TestInstance>(world), Call{});
      auto waiting = ended->wait_until(Steady::now() + seconds{10});
      const bool in_time = co_await waiting;
      CHECK(in_time);
      co_return 0;
    });
  }
  void run_new(Runner& by) {
    run(by, *change([&](Transaction& t) { return std::optional(by.create(t, id)); }));
  }
  Record record() {
    return *database.read([&](Session& session) { return find(session, id); });
  }
  std::vector<std::string> timeline() {
    std::vector<std::string> lines;
    for (const auto& entry : database.read([&](Session& session) { return history(session, id); }))
      lines.push_back(entry.step + " " + std::to_string(entry.attempt) + " " + entry.outcome +
                      (entry.detail.empty() ? "" : " " + entry.detail));
    return lines;
  }
};
using Lines = std::vector<std::string>;

TEST_CASE("a saga whose steps succeed is done") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.run_new(*runner);
  CHECK(bench.world.calls == Lines{"reserve", "pay", "confirm"});
  CHECK(bench.world.settled == Lines{"done"});
  CHECK(bench.record().state == State::done);
  CHECK(bench.timeline() == Lines{"create 1 done", "reserve 1 done", "pay 1 done", "confirm 1 done"});
}

TEST_CASE("a history that an older program began is read, and gone on with") {
  Bench bench;
  const auto runner = bench.runner("a");
  auto record = bench.change([&](Transaction& t) { return std::optional(runner->create(t, bench.id)); });
  bench.change([&](Transaction& t) -> std::optional<Record> {
    t.execute("UPDATE sagas SET history = ?",
              R"({"step":"create","attempt":2,"outcome":"done","at":"2023-11-14T22:13:20.007Z","detail":"words"})"
              "\n");
    return std::nullopt;
  });
  bench.run(*runner, std::move(*record));
  CHECK(bench.timeline() == Lines{"create 2 done words", "reserve 1 done", "pay 1 done", "confirm 1 done"});
  const auto entries = bench.database.read([&](Session& session) { return history(session, bench.id); });
  CHECK(entries[0].at == Time{1'700'000'000'007});
  CHECK(entries[3].at == bench.clock.now());
}

TEST_CASE("a refused step turns it back, and what was done before is undone in reverse") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["confirm"] = {Code::conflict};
  bench.run_new(*runner);
  CHECK(bench.world.calls == Lines{"reserve", "pay", "confirm", "undo pay", "undo reserve"});
  CHECK(bench.world.settled == Lines{"undone confirm because_of_confirm"});
  CHECK(bench.timeline() == Lines{"create 1 done", "reserve 1 done", "pay 1 done",
                                  "confirm 1 refused because_of_confirm", "refund 1 done", "release 1 done"});
}

TEST_CASE("when the first step is refused there is nothing to undo") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["reserve"] = {Code::conflict};
  bench.run_new(*runner);
  CHECK(bench.world.calls == Lines{"reserve"});
  CHECK(bench.world.settled == Lines{"undone reserve because_of_reserve"});
}

TEST_CASE("a step that was begun beside one that is refused is undone") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.side_by_side = true;
  SECTION("though its own try has not come") {
    bench.world.refusals["reserve"] = {Code::conflict};
    bench.run_new(*runner);
    CHECK(bench.world.calls == Lines{"reserve", "undo pay", "undo reserve"});
    CHECK(bench.world.settled == Lines{"undone reserve because_of_reserve"});
  }
  SECTION("unless it was refused itself") {
    bench.world.refusals["pay"] = {Code::conflict};
    bench.run_new(*runner);
    CHECK(bench.world.calls == Lines{"reserve", "pay", "undo reserve"});
    CHECK(bench.world.settled == Lines{"undone pay because_of_pay"});
  }
}

TEST_CASE("a step that may have happened is tried again, and each try is told") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["pay"] = {Code::timeout, Code::unavailable};
  bench.run_new(*runner);
  CHECK(bench.world.settled == Lines{"done"});
  CHECK(bench.timeline() ==
        Lines{"create 1 done", "reserve 1 done", "pay 1 timeout", "pay 2 unavailable", "pay 3 done", "confirm 1 done"});
}

TEST_CASE("a step that is tried in vain is undone too: it may have happened") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["pay"] = {Code::timeout, Code::timeout, Code::timeout};
  bench.run_new(*runner);
  CHECK(bench.world.calls == Lines{"reserve", "pay", "pay", "pay", "undo pay", "undo reserve"});
  CHECK(bench.world.settled == Lines{"undone pay pay_failed"});
}

TEST_CASE("what cannot be undone is left for a person, who lets it try again or ends it") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["pay"] = {Code::conflict};
  bench.world.refusals["undo reserve"] = {Code::unavailable, Code::unavailable, Code::unavailable};
  bench.run_new(*runner);
  CHECK(bench.record().state == State::stuck);
  CHECK(bench.world.settled == Lines{"stuck pay because_of_pay"});
  CHECK_FALSE(
      bench.change([&](Transaction& t) { return runner->turn_back(t, bench.id, {"cancel", 1, "done", {}, ""}); }));

  SECTION("retried") {
    auto record =
        bench.change([&](Transaction& t) { return runner->retry(t, bench.id, {"retry", 1, "done", {}, "by x"}); });
    REQUIRE(record);
    bench.run(*runner, *record);
    CHECK(bench.record().state == State::undone);
    CHECK(bench.world.settled.back() == "undone pay because_of_pay");
    CHECK(bench.timeline().back() == "release 1 done");
    CHECK(bench.timeline().at(bench.timeline().size() - 2) == "retry 1 done by x");
  }
  SECTION("abandoned") {
    CHECK(bench.change([&](Transaction& t) { return runner->abandon(t, bench.id, {"abandon", 1, "done", {}, ""}); }));
    CHECK(bench.record().state == State::abandoned);
    CHECK_FALSE(bench.change([&](Transaction& t) { return runner->retry(t, bench.id, {"retry", 1, "done", {}, ""}); }));
  }
}

TEST_CASE("a refusal to undo is left for a person at once") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["confirm"] = {Code::conflict};
  bench.world.refusals["undo pay"] = {Code::conflict};
  bench.run_new(*runner);
  CHECK(bench.record().state == State::stuck);
  CHECK(bench.timeline().back() == "refund 1 refused because_of_undo pay");
}

TEST_CASE("a saga that is done can be turned back") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.run_new(*runner);
  auto record =
      bench.change([&](Transaction& t) { return runner->turn_back(t, bench.id, {"cancel", 1, "done", {}, ""}); });
  REQUIRE(record);
  bench.run(*runner, *record);
  CHECK(bench.world.settled == Lines{"done", "undone"});
  CHECK(bench.world.calls == Lines{"reserve", "pay", "confirm", "undo pay", "undo reserve"});
  CHECK_FALSE(
      bench.change([&](Transaction& t) { return runner->turn_back(t, bench.id, {"cancel", 1, "done", {}, ""}); }));
}

// Runs a runner's own search for lapsed sagas until `done`.
template <class Done>
void watch(Runner& runner, Done done) {
  Loops loops(1);
  runner.start(loops[0]);
  while (!done()) std::this_thread::yield();
  runner.stop();
}

TEST_CASE("a saga left behind is taken up though the clock was set back since") {
  Bench bench;
  const auto dead = bench.runner("dead"), alive = bench.runner("alive");
  bench.change([&](Transaction& t) { return std::optional(dead->create(t, bench.id)); });
  bench.clock.advance(-milliseconds{std::chrono::hours{1}});
  watch(*alive, [&] { return bench.record().state == State::done; });
  CHECK(bench.record().owner == "alive");
}

TEST_CASE("a saga left behind is taken up when its lease has run out, and not before") {
  Bench bench;
  const auto dead = bench.runner("dead"), alive = bench.runner("alive");
  bench.change([&](Transaction& t) { return std::optional(dead->create(t, bench.id)); });
  CHECK(bench.database
            .read([&](Session& s) {
              return find_lapsed(s, bench.clock.now(), Time{std::numeric_limits<std::int64_t>::max()}, 10);
            })
            .empty());
  bench.clock.advance(milliseconds{bench.options.lease_ms});
  watch(*alive, [&] { return bench.record().state == State::done; });
  CHECK(bench.record().owner == "alive");
  CHECK(bench.record().fence == 2);
  CHECK(bench.timeline() == Lines{"create 1 done", "resume 1 done", "reserve 2 done", "pay 1 done", "confirm 1 done"});
}

TEST_CASE("what is taken up again and then refused is undone from the last step, since nobody knows how far it came") {
  Bench bench;
  const auto dead = bench.runner("dead"), alive = bench.runner("alive");
  bench.change([&](Transaction& t) { return std::optional(dead->create(t, bench.id)); });
  bench.clock.advance(milliseconds{bench.options.lease_ms});
  bench.world.refusals["reserve"] = {Code::conflict};  // it expired meanwhile
  watch(*alive, [&] { return bench.record().state == State::undone; });
  CHECK(bench.world.calls == Lines{"reserve", "undo pay", "undo reserve"});
  CHECK(bench.world.settled == Lines{"undone reserve because_of_reserve"});
}

TEST_CASE("a step that is refused after a try that may have happened is undone as well") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["pay"] = {Code::timeout, Code::not_found};
  bench.run_new(*runner);
  CHECK(bench.world.calls == Lines{"reserve", "pay", "pay", "undo pay", "undo reserve"});
  CHECK(bench.world.settled == Lines{"undone pay because_of_pay"});
}

TEST_CASE("a holder that wakes up late writes nothing more") {
  Bench bench;
  const auto slow = bench.runner("slow"), quick = bench.runner("quick");
  auto held = bench.change([&](Transaction& t) { return std::optional(slow->create(t, bench.id)); });
  bench.clock.advance(milliseconds{bench.options.lease_ms});
  watch(*quick, [&] { return bench.record().state == State::done; });
  const auto before = bench.timeline();
  bench.world.settled.clear();
  bench.run(*slow, *held);  // does all its steps again, which is harmless, and may not settle
  CHECK(bench.world.settled.empty());
  CHECK(bench.timeline() == before);
  CHECK(bench.record().owner == "quick");
}

TEST_CASE("a compensation that was begun is not forgotten") {
  Bench bench;
  const auto dead = bench.runner("dead"), alive = bench.runner("alive");
  Record half{bench.id, State::compensating, 1, 1, 5, "dead", bench.clock.now(), Failure{"confirm", "r", "d"}};
  bench.change([&](Transaction& t) {
    insert(t, half, {"create", 1, "done", bench.clock.now(), ""});
    return std::optional<Record>{};
  });
  watch(*alive, [&] { return bench.record().state == State::undone; });
  CHECK(bench.world.calls == Lines{"undo pay", "undo reserve"});
  CHECK(bench.world.settled == Lines{"undone confirm r"});
}

TEST_CASE("a runner that stops gives its leases up, so that nobody waits for them") {
  Bench bench;
  bench.options.backoff_ms = 60'000;
  bench.options.forward_backoff_limit_ms = 60'000;
  const auto first = bench.runner("first");
  bench.world.refusals["pay"] = {Code::unavailable};
  auto record = bench.change([&](Transaction& t) { return std::optional(first->create(t, bench.id)); });
  Loops loops(1);
  loops[0].post([&] { first->launch(*record, std::make_unique<TestInstance>(bench.world), Call{}); });
  while (bench.record().attempt != 2) std::this_thread::yield();
  first->stop();
  CHECK(bench.record().lease_until == Time{0});
  const auto second = bench.runner("second");
  watch(*second, [&] { return bench.record().state == State::done; });
  CHECK(bench.record().owner == "second");
}

TEST_CASE("one saga that cannot go on holds no other up") {
  Bench bench;
  const auto runner = bench.runner("a");
  bench.world.refusals["undo reserve"] = {Code::unavailable, Code::unavailable, Code::unavailable};
  bench.world.refusals["pay"] = {Code::conflict};
  bench.run_new(*runner);
  REQUIRE(bench.record().state == State::stuck);
  auto other = bench.change([&](Transaction& t) { return std::optional(runner->create(t, "saga-2")); });
  bench.run(*runner, *other);
  CHECK(bench.world.settled.back() == "done");
}

}  // namespace
}  // namespace svc::saga
