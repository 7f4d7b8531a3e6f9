// Who is taken out of the balancing, for how long, and how it comes back.
#include "resilience/ejection.h"

#include <atomic>
#include <thread>

#include "support/catch.h"
#include "unit/resilience/fake_time.h"

namespace {

using namespace svc;
using namespace svc::resilience;

using enum Outcome;

struct Bench : test::FakeTime {
  Ejection ejection;
  explicit Bench(int instances = 4, EjectionOptions options = {}) : ejection(options) { keep(0, instances); }
  void keep(int from, int to) {
    std::vector<std::string> ids;
    for (int i = from; i < to; ++i) ids.push_back(id(i));
    ejection.keep(ids);
  }
  static std::string id(int i) { return "i" + std::to_string(i); }
  bool out(int i) const { return ejection.ejected(id(i), now); }
  Standing standing(int i) const { return ejection.standing(id(i), now); }
  Ejection::Admission admit(int i) { return ejection.admit(id(i), now); }
  std::optional<Standing> call(int i, Outcome outcome) { return admit(i).record(outcome, now); }
  void calls(int i, int count, Outcome outcome) {
    for (int n = 0; n < count; ++n) call(i, outcome);
  }
};

TEST_CASE("failures in a row eject, and a success among them does not let it come to that") {
  Bench bench;
  for (int round = 0; round < 5; ++round) {
    bench.calls(0, 4, failure);
    bench.call(0, success);
  }
  CHECK_FALSE(bench.out(0));
  bench.calls(0, 4, failure);
  CHECK_FALSE(bench.out(0));
  CHECK(bench.call(0, failure) == Standing::ejected);
  CHECK(bench.out(0));
  CHECK(bench.standing(0) == Standing::ejected);
  CHECK_FALSE(bench.out(1));
}

TEST_CASE("a failure rate ejects too, of calls enough and recent") {
  Bench bench(4, {.consecutive_failures = 1'000});
  const auto lot = [&](int failures, int successes) {
    bench.calls(0, failures, failure);
    bench.calls(0, successes, success);
  };
  lot(40, 9);  // 49 calls: too few to say
  CHECK_FALSE(bench.out(0));
  bench.advance(seconds{10});  // stale
  lot(40, 8);
  CHECK_FALSE(bench.out(0));
  bench.calls(0, 1, failure);
  CHECK_FALSE(bench.out(0));
  bench.calls(0, 1, failure);  // 42 of 50 are 84 %
  CHECK_FALSE(bench.out(0));
  bench.calls(0, 4, failure);  // 46 of 54 are 85.2 %
  CHECK(bench.out(0));
}

TEST_CASE("when its time is over one call finds out, and all others pass it over meanwhile") {
  Bench bench;
  bench.calls(0, 5, failure);
  bench.advance(milliseconds{999});
  CHECK(bench.out(0));
  bench.advance(milliseconds{1});
  CHECK_FALSE(bench.out(0));
  CHECK(bench.standing(0) == Standing::on_trial);
  auto probe = bench.admit(0);
  CHECK(probe.probe());
  CHECK(bench.out(0));
  CHECK(bench.standing(0) == Standing::on_trial);
  SECTION("a success brings it back") {
    CHECK(probe.record(success, bench.now) == Standing::serving);
    CHECK_FALSE(bench.out(0));
    CHECK_FALSE(bench.admit(0).probe());
    bench.calls(0, 4, failure);
    CHECK_FALSE(bench.out(0));  // with all forgiven
  }
  SECTION("a failure sends it away for longer") {
    CHECK(probe.record(failure, bench.now) == Standing::ejected);
    bench.advance(milliseconds{1'999});
    CHECK(bench.out(0));
    bench.advance(milliseconds{1});
    CHECK_FALSE(bench.out(0));
  }
  SECTION("a probe that is never reported gives its place to another") {
    {
      const auto dropped = std::move(probe);
    }
    CHECK_FALSE(bench.out(0));
    CHECK(bench.admit(0).probe());
  }
}

TEST_CASE("the time doubles up to the limit, and begins anew for who served as long as it was out") {
  Bench bench(4, {.first_ms = 1'000, .limit_ms = 5'000});
  const auto time_out = [&] {
    milliseconds time{0};
    for (; bench.out(0); time += milliseconds{500}) bench.advance(milliseconds{500});
    return time;
  };
  bench.calls(0, 5, failure);
  CHECK(time_out() == milliseconds{1'000});
  bench.call(0, failure);
  CHECK(time_out() == milliseconds{2'000});
  bench.call(0, failure);
  CHECK(time_out() == milliseconds{4'000});
  bench.call(0, failure);
  CHECK(time_out() == milliseconds{5'000});
  bench.call(0, success);
  bench.advance(milliseconds{4'999});
  bench.calls(0, 5, failure);  // back for too short a time
  CHECK(time_out() == milliseconds{5'000});
  bench.call(0, success);
  bench.advance(milliseconds{5'000});
  bench.calls(0, 5, failure);
  CHECK(time_out() == milliseconds{1'000});
}

TEST_CASE("no more are ejected than may be, and the next when there is room") {
  Bench bench(4);  // two of four
  for (int i = 0; i < 4; ++i) bench.calls(i, 10, failure);
  CHECK(bench.out(0));
  CHECK(bench.out(1));
  CHECK_FALSE(bench.out(2));
  CHECK_FALSE(bench.out(3));
  bench.advance(seconds{1});
  bench.call(0, success);
  CHECK(bench.call(2, failure) == Standing::ejected);
  CHECK_FALSE(bench.out(3));
}

TEST_CASE("one may always be ejected") {
  const int instances = GENERATE(1, 2, 3);
  Bench bench(instances, {.max_percent = 10});
  for (int i = 0; i < instances; ++i) bench.calls(i, 5, failure);
  int out = 0;
  for (int i = 0; i < instances; ++i) out += bench.out(i) ? 1 : 0;
  CHECK(out == 1);
}

TEST_CASE("calls that were under way when it went out say nothing") {
  Bench bench;
  std::vector<Ejection::Admission> crowd;
  for (int i = 0; i < 40; ++i) crowd.push_back(bench.admit(0));
  for (int i = 0; i < 30; ++i) crowd[std::size_t(i)].record(failure, bench.now);
  bench.advance(seconds{1});
  CHECK(bench.standing(0) == Standing::on_trial);  // ejected once, not six times
  auto probe = bench.admit(0);
  CHECK(crowd[30].record(success, bench.now) == std::nullopt);
  CHECK(bench.standing(0) == Standing::on_trial);
  probe.record(success, bench.now);
  for (int i = 31; i < 40; ++i) crowd[std::size_t(i)].record(failure, bench.now);
  CHECK_FALSE(bench.out(0));
}

TEST_CASE("a call sent for want of anybody else may bring it back, and does not make it worse") {
  Bench bench(1);
  bench.calls(0, 5, failure);
  CHECK(bench.out(0));
  CHECK(bench.call(0, failure) == std::nullopt);
  bench.advance(milliseconds{1'000});
  CHECK(bench.standing(0) == Standing::on_trial);  // no longer than before
  bench.call(0, failure);                          // the probe
  CHECK(bench.out(0));
  CHECK(bench.call(0, success) == Standing::serving);
  CHECK_FALSE(bench.out(0));
}

TEST_CASE("instances that are gone are forgotten, and so are their calls under way") {
  Bench bench(4);
  bench.calls(0, 5, failure);
  auto late = bench.admit(0);
  auto other = bench.admit(3);
  bench.keep(1, 5);
  CHECK_FALSE(bench.out(0));
  CHECK(bench.call(0, failure) == std::nullopt);
  CHECK(late.record(success, bench.now) == std::nullopt);
  bench.keep(0, 5);
  CHECK_FALSE(bench.out(0));
  bench.calls(3, 4, failure);
  other.record(failure, bench.now);
  CHECK(bench.out(3));  // who stayed is the same as before
}

TEST_CASE("however many threads choose it, one of them probes") {
  Bench bench;
  bench.calls(0, 5, failure);
  bench.advance(seconds{1});
  std::atomic<int> probes = 0;
  std::atomic<int> ready = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      ++ready;
      while (ready < 8) continue;
      auto admission = bench.admit(0);
      probes += admission.probe() ? 1 : 0;
      ++ready;
      while (ready < 16) std::this_thread::yield();  // all hold theirs
    });
  for (auto& thread : threads) thread.join();
  CHECK(probes == 1);
}

TEST_CASE("a limit below the first time is refused") {
  Violations found;
  check(EjectionOptions{.first_ms = 100, .limit_ms = 50}, found);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pointer == "/limit_ms");
}

}  // namespace
