// Places, and waiting for them.
#include "resilience/bulkhead.h"

#include <atomic>
#include <optional>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"

namespace {

using namespace svc;
using namespace svc::resilience;

constexpr auto never = Steady::time_point::max();
using Entering = Task<Result<Bulkhead::Permit>>;

TEST_CASE("a free place costs no wait, and needs no loop") {
  Bulkhead bulkhead({2, 0});
  auto first = bulkhead.enter(never);
  REQUIRE(first.ready());
  auto permit = first.take();
  CHECK(permit.has_value());
  CHECK(bulkhead.status().inside == 1);
}

TEST_CASE("who finds too many waiting is refused at once") {
  Bulkhead bulkhead({1, 0});
  auto inside = bulkhead.enter(never).take();
  auto refused = bulkhead.enter(never);
  REQUIRE(refused.ready());
  const auto answer = refused.take();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unavailable);
  CHECK(answer.error().reason == "bulkhead_full");
  CHECK(answer.error().retry_after == 1);
  CHECK(bulkhead.status().refused == 1);
}

TEST_CASE("a place that is given up goes to who has waited longest") {
  Bulkhead bulkhead({1, 2});
  std::string order;
  run_here([&]() -> Task<int> {
    std::optional inside = bulkhead.enter(never).take();
    const auto come = [](Bulkhead& to, std::string& said, char name) -> Task<> {
      auto entering = to.enter(never);
      auto permit = co_await entering;
      if (permit) said += name;
    };
    auto a = come(bulkhead, order, 'a');
    auto b = come(bulkhead, order, 'b');
    CHECK(bulkhead.status().waiting == 2);
    auto c = bulkhead.enter(never).take();
    CHECK_FALSE(c);
    inside.reset();
    CHECK(bulkhead.status().inside == 1);  // handed over: nobody slips in between
    auto late = bulkhead.enter(never);
    CHECK(order.empty());
    co_await a;
    co_await b;
    auto last = co_await late;
    CHECK(last.has_value());
    co_return 0;
  });
  CHECK(order == "ab");
  CHECK(bulkhead.status().inside == 0);
  CHECK(bulkhead.status().waiting == 0);
}

TEST_CASE("who waits in vain is told at the deadline, and takes no place later") {
  Bulkhead bulkhead({1, 10});
  run_here([&]() -> Task<int> {
    std::optional inside = bulkhead.enter(never).take();
    const auto deadline = Steady::now() + milliseconds{20};
    auto entering = bulkhead.enter(deadline);
    auto answer = co_await entering;
    CHECK(Steady::now() >= deadline);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::unavailable);
    CHECK(answer.error().reason == "bulkhead_full");
    CHECK(bulkhead.status().waiting == 0);
    inside.reset();
    CHECK(bulkhead.status().inside == 0);
    co_return 0;
  });
}

TEST_CASE("a place given and a deadline passed at the same moment are one answer") {
  Bulkhead bulkhead({1, 10});
  run_here([&]() -> Task<int> {
    std::optional inside = bulkhead.enter(never).take();
    const auto deadline = Steady::now() + milliseconds{1};
    auto entering = bulkhead.enter(deadline);
    while (Steady::now() < deadline) continue;  // the timer is due when the loop comes to it
    SECTION("the place came first") {
      inside.reset();
      auto answer = co_await entering;
      CHECK(answer.has_value());
      CHECK(bulkhead.status().inside == 1);
    }
    SECTION("the place came from another thread while the timer ran") {
      std::thread other([&] { inside.reset(); });
      {
        auto answer = co_await entering;
        CHECK(bulkhead.status().waiting == 0);
      }
      other.join();
    }
    co_return 0;
  });
  CHECK(bulkhead.status().inside == 0);
}

TEST_CASE("a deadline that passes after the place was given troubles nobody") {
  Bulkhead bulkhead({1, 10});
  run_here([&]() -> Task<int> {
    std::optional inside = bulkhead.enter(never).take();
    {
      auto entering = bulkhead.enter(Steady::now() + milliseconds{20});
      inside.reset();
      auto answer = co_await entering;
      CHECK(answer.has_value());
    }  // who waited is gone; AddressSanitizer sees a timer that is not
    auto nap = sleep_for(milliseconds{30});
    co_await nap;
    CHECK(bulkhead.status().inside == 0);
    co_return 0;
  });
}

// Enters `times` times, and looks about while inside.
Task<> come_and_go(Bulkhead& bulkhead, std::atomic<int>& inside, std::atomic<int>& peak, std::atomic<int>& done,
                   std::atomic<int>& astray, int times) {
  auto* const home = &Loop::current();
  for (int i = 0; i < times; ++i) {
    // Some with no time to spare, so that deadlines and places meet.
    auto entering = bulkhead.enter(i % 3 == 0 ? Steady::now() + std::chrono::microseconds{50} : never);
    auto permit = co_await entering;
    if (Loop::current_or_null() != home) ++astray;
    if (!permit) continue;
    const int now = ++inside;
    for (int seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) continue;
    if (i % 2 == 0) {
      auto nap = sleep_for(std::chrono::microseconds{20});
      co_await nap;
    }
    --inside;
  }
  ++done;
}

TEST_CASE("over several loops there are never more inside, everyone wakes at home, and nobody is forgotten") {
  Bulkhead bulkhead({3, 1'000});
  std::atomic<int> inside = 0, peak = 0, done = 0, astray = 0;
  Loops loops(3);
  for (std::size_t l = 0; l < loops.size(); ++l)
    for (int c = 0; c < 10; ++c) loops[l].post([&] { detach(come_and_go(bulkhead, inside, peak, done, astray, 100)); });
  CHECK(test::eventually([&] { return done == 30; }));
  CHECK(peak == 3);
  CHECK(astray == 0);
  CHECK(bulkhead.status().inside == 0);
  CHECK(bulkhead.status().waiting == 0);
}

TEST_CASE("a permit may be dropped on a thread that is no loop's") {
  Bulkhead bulkhead({1, 1});
  Loops loops(1);
  std::atomic<bool> entered = false;
  std::optional inside = bulkhead.enter(never).take();
  const auto come = [&]() -> Task<> {
    auto entering = bulkhead.enter(never);
    auto permit = co_await entering;
    entered = permit.has_value();
  };
  loops[0].post([&] { detach(come()); });
  REQUIRE(test::eventually([&] { return bulkhead.status().waiting == 1; }));
  inside.reset();
  CHECK(test::eventually([&] { return entered && bulkhead.status().inside == 0; }));
}

}  // namespace
