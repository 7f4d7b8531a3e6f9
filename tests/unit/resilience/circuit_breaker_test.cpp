// The circuit breaker's states, windows and probes.
#include "resilience/circuit_breaker.h"

#include <atomic>
#include <thread>

#include "support/catch.h"
#include "unit/resilience/fake_time.h"

namespace {

using namespace svc;
using namespace svc::resilience;

using enum Outcome;

struct Bench : test::FakeTime {
  CircuitBreaker breaker;
  explicit Bench(BreakerOptions options) : breaker(options) {}

  // One call with this end. Whether it was permitted.
  bool call(Outcome outcome) {
    auto permission = breaker.ask(now);
    if (permission) permission->record(outcome, now);
    return permission.has_value();
  }
  void calls(int count, Outcome outcome) {
    for (int i = 0; i < count; ++i) REQUIRE(call(outcome));
  }
  BreakerState state() const { return breaker.status(now).state; }
};

BreakerOptions by_count(std::int64_t window, std::int64_t minimum, std::int64_t percent, std::int64_t probes) {
  BreakerOptions options;
  options.window_calls = window;
  options.minimum_calls = minimum;
  options.failure_rate_percent = percent;
  options.probes = probes;
  options.open_ms = 60'000;
  return options;
}
BreakerOptions by_time(std::int64_t window_seconds, std::int64_t minimum, std::int64_t percent) {
  BreakerOptions options;
  options.window = BreakerWindow::time;
  options.window_seconds = window_seconds;
  options.minimum_calls = minimum;
  options.failure_rate_percent = percent;
  return options;
}

TEST_CASE("it opens at the failure rate, taken of the last calls") {
  Bench bench(by_count(10, 10, 50, 1));
  bench.calls(20, success);
  bench.calls(4, failure);
  CHECK(bench.state() == BreakerState::closed);
  bench.calls(1, failure);
  CHECK(bench.state() == BreakerState::open);
  CHECK_FALSE(bench.call(success));
}

TEST_CASE("it does not open below the minimum of calls") {
  Bench bench(by_count(10, 5, 50, 1));
  bench.calls(4, failure);
  CHECK(bench.state() == BreakerState::closed);
  SECTION("until it is met") {
    bench.calls(1, failure);
    CHECK(bench.state() == BreakerState::open);
  }
  SECTION("which a success may do as well") {
    bench.calls(1, success);
    CHECK(bench.state() == BreakerState::open);
  }
}

TEST_CASE("by time, failures that are older do not count") {
  Bench bench(by_time(10, 4, 50));
  bench.calls(3, failure);
  bench.advance(seconds{10});
  bench.calls(3, failure);
  CHECK(bench.state() == BreakerState::closed);
  bench.advance(seconds{9});
  bench.calls(1, failure);
  CHECK(bench.state() == BreakerState::open);
}

TEST_CASE("by time, any number of calls counts") {
  Bench bench(by_time(10, 4, 50));
  bench.calls(1'000, success);
  bench.advance(seconds{5});
  bench.calls(999, failure);
  CHECK(bench.state() == BreakerState::closed);
  bench.calls(1, failure);
  CHECK(bench.state() == BreakerState::open);
}

TEST_CASE("while open it refuses, and says when to come back") {
  Bench bench(by_count(1, 1, 100, 1));
  bench.calls(1, failure);
  bench.advance(milliseconds{58'500});
  auto refused = bench.breaker.ask(bench.now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unavailable);
  CHECK(refused.error().reason == "circuit_open");
  CHECK(refused.error().retry_after == 2);
  bench.advance(milliseconds{1'499});
  CHECK(bench.state() == BreakerState::open);
  bench.advance(milliseconds{1});
  CHECK(bench.state() == BreakerState::half_open);
  CHECK(bench.breaker.status(bench.now).opened == 1);
  CHECK(bench.breaker.status(bench.now).refused == 1);
}

TEST_CASE("half open it lets exactly so many probes pass, and waits for their answers") {
  Bench bench(by_count(2, 2, 50, 3));
  bench.calls(2, failure);
  bench.advance(seconds{60});
  std::vector<CircuitBreaker::Permission> probes;
  for (int i = 0; i < 3; ++i) probes.push_back(std::move(*bench.breaker.ask(bench.now)));
  CHECK_FALSE(bench.call(success));
  CHECK(probes[0].record(failure, bench.now) == std::nullopt);
  CHECK(probes[1].record(success, bench.now) == std::nullopt);
  CHECK_FALSE(bench.call(success));  // an answered probe does not make room for another
  SECTION("and closes when too few of them fail") {
    CHECK(probes[2].record(success, bench.now) == BreakerState::closed);
    bench.calls(1, failure);
    CHECK(bench.state() == BreakerState::closed);  // with a window that is empty again
  }
  SECTION("and opens for as long again when they do") {
    CHECK(probes[2].record(failure, bench.now) == BreakerState::open);
    bench.advance(milliseconds{59'999});
    CHECK_FALSE(bench.call(success));
    bench.advance(milliseconds{1});
    CHECK(bench.call(success));
  }
}

TEST_CASE("a probe that is never reported gives its place to another") {
  Bench bench(by_count(1, 1, 100, 1));
  bench.calls(1, failure);
  bench.advance(seconds{60});
  {
    const auto probe = bench.breaker.ask(bench.now);
    REQUIRE(probe);
    CHECK_FALSE(bench.call(success));
  }
  CHECK(bench.call(success));
  CHECK(bench.state() == BreakerState::closed);
}

TEST_CASE("a permission that is moved is reported and given back once") {
  Bench bench(by_count(1, 1, 100, 2));
  bench.calls(1, failure);
  bench.advance(seconds{60});
  auto first = bench.breaker.ask(bench.now);
  auto second = bench.breaker.ask(bench.now);
  REQUIRE((first && second));
  *first = std::move(*second);
  {
    const auto gone = std::move(*second);
  }
  CHECK(first->record(success, bench.now) == std::nullopt);
  CHECK(first->record(failure, bench.now) == std::nullopt);  // the first word counts
  CHECK(bench.call(success));
  CHECK(bench.state() == BreakerState::closed);
}

TEST_CASE("calls that were sent in an earlier state say nothing") {
  Bench bench(by_count(2, 2, 100, 2));
  auto slow = bench.breaker.ask(bench.now);
  auto slower = bench.breaker.ask(bench.now);
  auto slowest = bench.breaker.ask(bench.now);
  bench.calls(2, failure);
  CHECK(slow->record(failure, bench.now) == std::nullopt);
  bench.advance(seconds{60});
  auto probe = bench.breaker.ask(bench.now);
  CHECK(slower->record(success, bench.now) == std::nullopt);  // no probe, so it takes no probe's place
  CHECK(probe->record(success, bench.now) == std::nullopt);
  CHECK(bench.call(success));
  REQUIRE(bench.state() == BreakerState::closed);
  CHECK(slowest->record(failure, bench.now) == std::nullopt);
  CHECK(bench.breaker.status(bench.now).window == Tally{0, 0});
}

TEST_CASE("calls without a record count for nothing") {
  Bench bench(by_count(1, 1, 100, 1));
  {
    const auto dropped = bench.breaker.ask(bench.now);
  }
  CHECK(bench.breaker.status(bench.now).window == Tally{0, 0});
}

TEST_CASE("the classic breaker: five in a row, sixty seconds, one probe") {
  Bench bench(BreakerOptions::classic());
  for (int round = 0; round < 3; ++round) {
    bench.calls(4, failure);
    bench.calls(1, success);
  }
  bench.calls(4, failure);
  CHECK(bench.state() == BreakerState::closed);
  bench.calls(1, failure);
  CHECK(bench.state() == BreakerState::open);
  bench.advance(seconds{60});
  CHECK(bench.call(failure));
  CHECK(bench.state() == BreakerState::open);
  bench.advance(milliseconds{59'999});
  CHECK_FALSE(bench.call(success));
  bench.advance(milliseconds{1});
  CHECK(bench.call(success));
  CHECK(bench.state() == BreakerState::closed);
}

TEST_CASE("however many threads ask, no more probes are under way than there may be") {
  Bench bench(by_count(1, 1, 100, 5));
  bench.calls(1, failure);
  bench.advance(seconds{60});
  std::atomic<int> under_way = 0, peak = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        auto permission = bench.breaker.ask(bench.now);
        if (!permission) continue;
        const int now = ++under_way;
        for (int seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) continue;
        std::this_thread::yield();
        --under_way;  // before the place can go to another
        // Most are dropped, so that places change hands all the time; four are reported, one fewer than
        // decides.
        if (t < 4 && i == 1'000) permission->record(success, bench.now);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(peak <= 5);
  CHECK(bench.state() == BreakerState::half_open);
  // What was reported and what is free make up the whole again.
  std::vector<CircuitBreaker::Permission> rest;
  for (auto more = bench.breaker.ask(bench.now); more; more = bench.breaker.ask(bench.now))
    rest.push_back(std::move(*more));
  CHECK(rest.size() >= 1);
  CHECK(rest.size() <= 5);
  std::optional<BreakerState> last;
  for (auto& permission : rest) last = permission.record(success, bench.now);
  CHECK(last == BreakerState::closed);
}

TEST_CASE("a breaker that could never open is refused") {
  Violations found;
  check(by_count(10, 11, 50, 1), found);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pointer == "/minimum_calls");
  found.clear();
  check(by_time(10, 11, 50), found);
  check(BreakerOptions{}, found);
  check(BreakerOptions::classic(), found);
  CHECK(found.empty());
}

}  // namespace
