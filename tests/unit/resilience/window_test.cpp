// Sliding windows by count and by time, and what is a failure.
#include "resilience/window.h"
#include "resilience/outcome.h"
#include "support/catch.h"
#include "unit/resilience/fake_time.h"

#include <deque>
#include <random>

namespace {

using namespace svc;
using namespace svc::resilience;

TEST_CASE("a window of calls holds the last ones, and no more") {
  CountWindow window(3);
  CHECK(window.sum() == Tally{0, 0});
  window.add(true);
  window.add(true);
  CHECK(window.sum() == Tally{2, 2});
  window.add(false);
  window.add(false);  // the first falls out
  CHECK(window.sum() == Tally{3, 1});
  window.add(false);
  CHECK(window.sum() == Tally{3, 0});
  window.clear();
  CHECK(window.sum() == Tally{0, 0});
  window.add(false);
  CHECK(window.sum() == Tally{1, 0});
}

TEST_CASE("a window of calls agrees with a list of them") {
  std::mt19937 random(1);
  CountWindow window(7);
  std::deque<bool> list;
  for (int i = 0; i < 1'000; ++i) {
    const bool marked = random() % 3 == 0;
    window.add(marked);
    list.push_back(marked);
    if (list.size() > 7) list.pop_front();
    REQUIRE(window.sum() == Tally{std::int64_t(list.size()), std::ranges::count(list, true)});
  }
}

TEST_CASE("a window of time forgets what is older, slot by slot") {
  test::FakeTime time;
  TimeWindow window(seconds{10}, 10);
  window.add(time.now, {1, 1});
  time.advance(seconds{4});
  window.add(time.now, {2, 0});
  CHECK(window.sum(time.now) == Tally{3, 1});
  time.advance(milliseconds{5'999});
  CHECK(window.sum(time.now) == Tally{3, 1});
  time.advance(milliseconds{1});  // ten seconds after the first
  CHECK(window.sum(time.now) == Tally{2, 0});
  time.advance(seconds{4});
  CHECK(window.sum(time.now) == Tally{0, 0});
}

TEST_CASE("a window of time that nobody looked at for long is empty") {
  test::FakeTime time;
  TimeWindow window(seconds{10}, 10);
  for (int i = 0; i < 10; ++i) {
    window.add(time.now, {1, 1});
    time.advance(seconds{1});
  }
  time.advance(std::chrono::hours{1'000});
  CHECK(window.sum(time.now) == Tally{0, 0});
}

TEST_CASE("a thread that comes late with an older time counts as now") {
  test::FakeTime time;
  TimeWindow window(seconds{10}, 10);
  window.add(time.now, {1, 0});
  window.add(time.now - seconds{3}, {1, 0});
  CHECK(window.sum(time.now - seconds{5}) == Tally{2, 0});
  CHECK(window.sum(time.now) == Tally{2, 0});
}

TEST_CASE("a share of no calls is not reached") {
  CHECK_FALSE(Tally{0, 0}.reaches(1));
  CHECK(Tally{2, 1}.reaches(50));
  CHECK_FALSE(Tally{201, 100}.reaches(50));
}

TEST_CASE("timeouts and defects are failures, refusals are not") {
  for (const auto code : {Code::timeout, Code::unavailable, Code::internal})
    CHECK(outcome_of(code) == Outcome::failure);
  for (const auto code :
       {Code::malformed, Code::unauthenticated, Code::forbidden, Code::not_found, Code::conflict, Code::invalid,
        Code::wrong_method, Code::too_slow, Code::too_large, Code::unsupported, Code::exhausted})
    CHECK(outcome_of(code) == Outcome::success);
  CHECK(outcome_of(Result<Nothing>(Nothing{})) == Outcome::success);
  CHECK(outcome_of(Result<Nothing>(fail(Code::timeout, "no_answer"))) == Outcome::failure);
}

}  // namespace
