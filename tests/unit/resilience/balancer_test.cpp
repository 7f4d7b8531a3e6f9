// Who is chosen, and how often.
#include "resilience/balancer.h"

#include <random>
#include <set>
#include <thread>

#include "support/catch.h"

namespace {

using namespace svc::resilience;

using Counts = std::vector<int>;

std::vector<Candidate> three() { return {{"a"}, {"b"}, {"c"}}; }

// How often each is chosen of `calls` calls, the outstanding ones not changing.
Counts choices(Balancer& balancer, std::span<const Candidate> candidates, int calls) {
  std::mt19937_64 random(42);
  Counts counts(candidates.size());
  for (int i = 0; i < calls; ++i) ++counts[*balancer.choose(candidates, "key" + std::to_string(i), random())];
  return counts;
}

bool near(int count, int expected, int percent) { return std::abs(count - expected) * 100 <= expected * percent; }

const std::vector<Policy> policies{Policy::round_robin, Policy::random, Policy::least_outstanding, Policy::weighted,
                                   Policy::consistent_hash};

TEST_CASE("every policy spreads equal instances evenly, passes over the ejected, and panics when all are") {
  const auto policy = GENERATE(from_range(policies));
  CAPTURE(svc::to_name(policy));
  Balancer balancer(policy);
  CHECK(balancer.choose({}, "key", 0) == std::nullopt);

  auto candidates = three();
  for (const int count : choices(balancer, candidates, 30'000)) CHECK(near(count, 10'000, 5));

  candidates[1].ejected = true;
  auto counts = choices(balancer, candidates, 30'000);
  CHECK(counts[1] == 0);
  CHECK(near(counts[0], 15'000, 5));
  CHECK(near(counts[2], 15'000, 5));

  candidates[0].ejected = true;
  CHECK(choices(balancer, candidates, 100) == Counts{0, 0, 100});

  candidates[2].ejected = true;
  for (const int count : choices(balancer, candidates, 30'000)) CHECK(near(count, 10'000, 5));

  CHECK(choices(balancer, std::vector<Candidate>{{"only"}}, 10) == Counts{10});
}

TEST_CASE("round robin takes each in its turn, beginning where it is told") {
  Balancer balancer(Policy::round_robin, 2);
  const auto candidates = three();
  std::string order;
  for (int i = 0; i < 7; ++i) order += candidates[*balancer.choose(candidates, "", 0)].id;
  CHECK(order == "cabcabc");
}

TEST_CASE("what an ejected instance had is shared by all others, not left to its neighbour") {
  Balancer balancer(Policy::round_robin);
  auto candidates = three();
  candidates.push_back({"d"});
  candidates[1].ejected = true;
  CHECK(choices(balancer, candidates, 300) == Counts{100, 0, 100, 100});
}

TEST_CASE("random covers the ends of its range") {
  Balancer balancer(Policy::random);
  const auto candidates = three();
  CHECK(balancer.choose(candidates, "", 0) == 0U);
  CHECK(balancer.choose(candidates, "", ~std::uint64_t{0}) == 2U);
}

TEST_CASE("of two the one with fewer calls is taken") {
  Balancer balancer(Policy::least_outstanding);
  auto candidates = three();
  candidates[0].outstanding = 5;
  candidates[1].outstanding = 3;
  candidates[2].outstanding = 4;
  const auto counts = choices(balancer, candidates, 30'000);
  CHECK(counts[0] == 0);  // the fullest loses against any other: the two are never the same
  CHECK(near(counts[1], 20'000, 5));
  CHECK(near(counts[2], 10'000, 5));
}

TEST_CASE("with two choices the fullest is far less full than with one") {
  // Mitzenmacher's balls and bins: as many balls as bins, log log n against log n.
  const auto fullest = [](Policy policy) {
    Balancer balancer(policy);
    std::mt19937_64 random(3);
    std::vector<std::string> ids;
    for (int i = 0; i < 1'000; ++i) ids.push_back(std::to_string(i));
    std::vector<Candidate> candidates;
    for (const auto& id : ids) candidates.push_back({id});
    for (int i = 0; i < 1'000; ++i) ++candidates[*balancer.choose(candidates, "", random())].outstanding;
    return std::ranges::max(candidates, {}, &Candidate::outstanding).outstanding;
  };
  CHECK(fullest(Policy::least_outstanding) <= 4);
  CHECK(fullest(Policy::random) >= 5);
}

TEST_CASE("weights are kept exactly, and well mixed: the sequence of nginx's documentation") {
  Balancer balancer(Policy::weighted);
  const std::vector<Candidate> candidates{{"a", 5}, {"b", 1}, {"c", 1}};
  std::string order;
  for (int i = 0; i < 14; ++i) order += candidates[*balancer.choose(candidates, "", 0)].id;
  CHECK(order == "aabacaaaabacaa");
}

TEST_CASE("weights hold among those that are left, and for those that come") {
  Balancer balancer(Policy::weighted);
  std::vector<Candidate> candidates{{"a", 5}, {"b", 3}, {"c", 0}};
  CHECK(choices(balancer, candidates, 900) == Counts{500, 300, 100});
  candidates[0].ejected = true;
  CHECK(choices(balancer, candidates, 400) == Counts{0, 300, 100});
  candidates.erase(candidates.begin());
  candidates.push_back({"d", 4});
  CHECK(choices(balancer, candidates, 800) == Counts{300, 100, 400});
}

TEST_CASE("a key goes to the same instance, whatever the order and whatever the process") {
  Balancer here(Policy::consistent_hash), there(Policy::consistent_hash);
  const auto candidates = three();
  std::vector<Candidate> turned(candidates.rbegin(), candidates.rend());
  std::set<std::string_view> used;
  for (int i = 0; i < 1'000; ++i) {
    const auto key = "user-" + std::to_string(i);
    const auto chosen = candidates[*here.choose(candidates, key, 1)].id;
    REQUIRE(turned[*there.choose(turned, key, 2)].id == chosen);
    used.insert(chosen);
  }
  CHECK(used.size() == 3);
  // Fixed once and for all: two versions of the program must agree while one replaces the other.
  std::string first;
  for (const auto* key : {"ann", "bob", "cy", "dee", "eve", "fay", "gus", "hal"})
    first += candidates[*here.choose(candidates, key, 0)].id;
  CHECK(first == "bcaabccc");
}

TEST_CASE("an instance that goes takes only its own keys with it, and brings them back") {
  Balancer balancer(Policy::consistent_hash);
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back("instance-" + std::to_string(i));
  std::vector<Candidate> all;
  for (const auto& id : ids) all.push_back({id});
  auto fewer = all;
  const bool removed = GENERATE(true, false);
  if (removed) fewer.erase(fewer.begin() + 4);
  else fewer[4].ejected = true;
  int moved = 0;
  Counts heirs(10);
  for (int i = 0; i < 10'000; ++i) {
    const auto key = std::to_string(i);
    const auto before = all[*balancer.choose(all, key, 0)].id;
    const auto after = fewer[*balancer.choose(fewer, key, 0)].id;
    if (before != ids[4]) {
      REQUIRE(after == before);
    } else {
      ++moved;
      ++heirs[std::size_t(after.back() - '0')];
    }
  }
  CHECK(near(moved, 1'000, 10));
  for (std::size_t i = 0; i < 10; ++i)
    if (i != 4) CHECK(near(heirs[i], moved / 9, 40));  // its keys are spread over all others
}

TEST_CASE("without a key, calls are spread by chance") {
  Balancer balancer(Policy::consistent_hash);
  const auto candidates = three();
  std::mt19937_64 random(5);
  Counts counts(3);
  for (int i = 0; i < 3'000; ++i) ++counts[*balancer.choose(candidates, "", random())];
  for (const int count : counts) CHECK(near(count, 1'000, 15));
}

TEST_CASE("threads may share a balancer") {
  const auto policy = GENERATE(Policy::round_robin, Policy::weighted);
  Balancer balancer(policy);
  const auto candidates = three();
  std::vector<Counts> counts(4, Counts(3));
  std::vector<std::thread> threads;
  for (auto& own : counts)
    threads.emplace_back([&] {
      for (int i = 0; i < 3'000; ++i) ++own[*balancer.choose(candidates, "", 0)];
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < 3; ++i) CHECK(counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i] == 4'000);
}

}  // namespace
