// How many retries there may be.
#include "resilience/retry_budget.h"

#include <atomic>
#include <numeric>
#include <thread>

#include "support/catch.h"
#include "unit/resilience/fake_time.h"

namespace {

using namespace svc;
using namespace svc::resilience;

int take_all(RetryBudget& budget, Steady::time_point now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

TEST_CASE("who calls often may retry a tenth, and not a call more") {
  test::FakeTime time;
  RetryBudget budget({10, 1, 10});
  for (int i = 0; i < 1'000; ++i) budget.count_call(time.now);
  CHECK(take_all(budget, time.now) == 100);
  CHECK(budget.spent(time.now) == Tally{1'000, 100});
}

TEST_CASE("who calls rarely may retry a few") {
  test::FakeTime time;
  RetryBudget budget({10, 1, 10});
  budget.count_call(time.now);
  CHECK(take_all(budget, time.now) == 10);  // one a second, for ten seconds
  time.advance(seconds{9});
  CHECK_FALSE(budget.take(time.now));
  time.advance(seconds{1});
  CHECK(take_all(budget, time.now) == 10);
}

TEST_CASE("the share can be all there is") {
  test::FakeTime time;
  RetryBudget budget({10, 0, 10});
  for (int i = 0; i < 9; ++i) budget.count_call(time.now);
  CHECK_FALSE(budget.take(time.now));
  budget.count_call(time.now);
  CHECK(budget.take(time.now));
  CHECK_FALSE(budget.take(time.now));
}

TEST_CASE("what was saved up goes stale") {
  test::FakeTime time;
  RetryBudget budget({10, 0, 10});
  for (int i = 0; i < 1'000; ++i) budget.count_call(time.now);
  time.advance(seconds{10});
  CHECK_FALSE(budget.take(time.now));
}

TEST_CASE("in a full outage the load grows by a tenth over any window") {
  test::FakeTime time;
  RetryBudget budget({10, 1, 10});
  std::vector<int> calls, retries;  // by second
  for (int second = 0; second < 120; ++second) {
    const int now = second % 40 < 20 ? 50 : 500;  // the load changes all the while
    calls.push_back(now);
    retries.push_back(0);
    for (int i = 0; i < now; ++i) {
      budget.count_call(time.now);
      for (int attempt = 0; attempt < 3; ++attempt) retries.back() += budget.take(time.now) ? 1 : 0;
      time.advance(milliseconds{1'000 / now});
    }
  }
  for (std::size_t from = 0; from + 10 <= calls.size(); ++from) {
    const auto sum = [&](const std::vector<int>& of) {
      return std::accumulate(of.begin() + std::ptrdiff_t(from), of.begin() + std::ptrdiff_t(from) + 10, 0);
    };
    CAPTURE(from);
    CHECK(sum(retries) * 10 <= sum(calls));
  }
  CHECK(std::accumulate(retries.begin(), retries.end(), 0) * 10 >= std::accumulate(calls.begin(), calls.end(), 0) / 2);
}

TEST_CASE("threads together take no more than there is") {
  test::FakeTime time;
  RetryBudget budget({10, 0, 10});
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) {
        budget.count_call(time.now);
        if (budget.take(time.now)) ++taken;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(taken <= 400);
  CHECK(taken + take_all(budget, time.now) == 400);
}

}  // namespace
