// One suite over every placement: no difference.
#include <csignal>

#include "placement/player.h"
#include "placement/scenarios.h"
#include "support/catch.h"

namespace {

using namespace svc::test;

const std::vector<Placement> placements{
    split,
    {{"user", "order"}, {"inventory", "payment"}, {"gateway"}},
    {{"gateway", "order", "inventory", "payment"}, {"user"}},
    {{"gateway", "user"}, {"order"}, {"inventory", "payment"}},
    {{"gateway"}, {"user", "inventory", "payment", "order"}},
    {{"gateway", "user", "inventory", "order"}, {"payment"}},
    {{"user", "inventory"}, {"order", "gateway"}, {"payment"}},
    twice,
    {{"registry", "gateway"}, {"user", "order"}, {"user", "order"}, {"inventory", "payment"}, {"inventory", "payment"}},
};

using Transcripts = std::vector<std::vector<std::string>>;

Transcripts play_all(const Placement& placement) {
  System system(placement);
  const auto people = make_people(system);
  Transcripts transcripts;
  for (const auto& scenario : scenarios()) {
    INFO(name_of(placement) << ", " << scenario.name);
    Player player(system, people);
    scenario.play(player);
    transcripts.push_back(player.transcript());
  }
  system.stop_all(SIGTERM);
  return transcripts;
}

TEST_CASE("every placement gives the same answers") {
  REQUIRE(scenarios().size() >= 40);
  REQUIRE(placements.size() >= 6);
  const auto expected = play_all(whole);
  for (const auto& placement : placements) {
    const auto seen = play_all(placement);
    for (std::size_t i = 0; i < scenarios().size(); ++i) {
      INFO(name_of(placement) << ", " << scenarios()[i].name);
      REQUIRE(seen[i].size() == expected[i].size());
      for (std::size_t step = 0; step < seen[i].size(); ++step) CHECK(seen[i][step] == expected[i][step]);
    }
  }
}

}  // namespace
