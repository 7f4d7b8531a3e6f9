// Rate limits, and what their headers say.
#include "resilience/rate_limiter.h"

#include <atomic>
#include <random>
#include <thread>

#include "support/catch.h"
#include "unit/resilience/fake_time.h"

namespace {

using namespace svc;
using namespace svc::resilience;

int ask_all(RateLimiter& limiter, std::string_view key, Steady::time_point now) {
  int allowed = 0;
  while (limiter.ask(key, now).allowed) ++allowed;
  return allowed;
}

TEST_CASE("a client may send what it is granted, then as much as comes back with time") {
  test::FakeTime time;
  RateLimiter limiter({60, 60, 100});
  CHECK(ask_all(limiter, "ann", time.now) == 60);
  CHECK(ask_all(limiter, "bob", time.now) == 60);  // to each their own
  time.advance(milliseconds{999});
  CHECK_FALSE(limiter.ask("ann", time.now).allowed);
  time.advance(milliseconds{1});
  CHECK(ask_all(limiter, "ann", time.now) == 1);
  time.advance(std::chrono::hours{10});
  CHECK(ask_all(limiter, "ann", time.now) == 60);  // never more than all
}

TEST_CASE("the answer has what the headers say") {
  test::FakeTime time;
  RateLimiter limiter({10, 60, 100});  // one more every six seconds
  auto answer = limiter.ask("ann", time.now);
  CHECK(answer.allowed);
  CHECK(answer.limit == 10);
  CHECK(answer.window == seconds{60});
  CHECK(answer.remaining == 9);
  CHECK(answer.reset == seconds{6});
  CHECK(answer.more_in == seconds{6});
  for (int i = 0; i < 9; ++i) answer = limiter.ask("ann", time.now);
  CHECK(answer.allowed);
  CHECK(answer.remaining == 0);
  CHECK(answer.reset == seconds{60});
  CHECK(answer.more_in == seconds{6});
  time.advance(milliseconds{1'500});
  answer = limiter.ask("ann", time.now);
  CHECK_FALSE(answer.allowed);
  CHECK(answer.remaining == 0);
  CHECK(answer.reset == seconds{59});   // 58.5
  CHECK(answer.more_in == seconds{5});  // 4.5, for Retry-After
  time.advance(answer.more_in);
  CHECK(limiter.ask("ann", time.now).allowed);  // who waits as told is let in
}

TEST_CASE("a refused request costs nothing") {
  test::FakeTime time;
  RateLimiter limiter({1, 10, 100});
  CHECK(limiter.ask("ann", time.now).allowed);
  for (int i = 0; i < 1'000; ++i) limiter.ask("ann", time.now);
  time.advance(seconds{10});
  CHECK(limiter.ask("ann", time.now).allowed);
}

TEST_CASE("it decides as a bucket of tokens does") {
  test::FakeTime time;
  RateLimiter limiter({8, 2, 100});  // four a second: exact in binary
  std::mt19937 random(7);
  double tokens = 8;
  for (int i = 0; i < 10'000; ++i) {
    const int pause = int(random() % 500);
    time.advance(milliseconds{pause});
    tokens = std::min(8.0, tokens + pause * 0.004);
    const bool expected = tokens >= 1 - 1e-6;
    if (expected) tokens -= 1;
    REQUIRE(limiter.ask("ann", time.now).allowed == expected);
  }
}

TEST_CASE("a rate that does not divide grants neither more nor fewer at once") {
  test::FakeTime time;
  for (const std::int64_t requests : {3, 7, 999'983}) {
    RateLimiter limiter({requests, 1, 100});
    CHECK(limiter.ask("ann", time.now).remaining == requests - 1);
    CHECK(ask_all(limiter, "ann", time.now) == requests - 1);
  }
}

TEST_CASE("without a limit everything is allowed and nothing is remembered") {
  test::FakeTime time;
  RateLimiter limiter({});
  const auto answer = limiter.ask("ann", time.now);
  CHECK(answer.allowed);
  CHECK(answer.limit == 0);
  CHECK(limiter.size() == 0);
}

TEST_CASE("clients that have been away are forgotten") {
  test::FakeTime time;
  RateLimiter limiter({10, 10, 1'000'000});
  for (int i = 0; i < 1'000; ++i) limiter.ask("old" + std::to_string(i), time.now);
  CHECK(limiter.size() == 1'000);
  time.advance(seconds{1});  // full again
  for (int i = 0; i < 1'000; ++i) limiter.ask("new" + std::to_string(i), time.now);
  CHECK(limiter.size() == 1'000);
}

TEST_CASE("however many clients come, so many are remembered: those that came last") {
  test::FakeTime time;
  RateLimiter limiter({2, 10, 100});
  ask_all(limiter, "ann", time.now);
  ask_all(limiter, "bob", time.now);
  for (int i = 0; i < 10'000; ++i) {
    limiter.ask("stranger" + std::to_string(i), time.now);
    REQUIRE_FALSE(limiter.ask("ann", time.now).allowed);  // who keeps coming is not forgotten
    REQUIRE(limiter.size() <= 100);
  }
  CHECK(limiter.size() == 100);
  CHECK(limiter.ask("bob", time.now).allowed);
}

TEST_CASE("threads together are allowed no more than one") {
  test::FakeTime time;
  RateLimiter limiter({1'000, 10, 100});
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) allowed += limiter.ask("ann", time.now).allowed ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  CHECK(allowed == 1'000);
}

}  // namespace
