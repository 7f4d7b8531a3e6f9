// One suite over every placement: no difference.
#include <csignal>

#include "placement/player.h"
#include "placement/scenarios.h"
#include "support/broker.h"
#include "support/catch.h"

namespace {

using namespace svc::test;

const std::vector<Placement> placements{
    split,
    {{"user", "order"}, {"inventory", "payment"}, {"gateway", "notification"}},
    {{"gateway", "order", "inventory", "payment"}, {"user", "notification"}},
    {{"gateway", "user"}, {"order", "notification"}, {"inventory", "payment"}},
    {{"gateway"}, {"user", "inventory", "payment", "order", "notification"}},
    {{"gateway", "user", "inventory", "order", "notification"}, {"payment"}},
    {{"user", "inventory"}, {"order", "gateway"}, {"payment"}, {"notification"}},
    twice,
    {{"registry", "gateway"},
     {"user", "order", "notification"},
     {"user", "order", "notification"},
     {"inventory", "payment"},
     {"inventory", "payment"}},
};

using Transcripts = std::vector<std::vector<std::string>>;

Transcripts play_all(const Placement& placement, const std::vector<std::string>& flags = {}) {
  System system(placement, flags);
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

void check_same(const Transcripts& seen, const Transcripts& expected) {
  for (std::size_t i = 0; i < scenarios().size(); ++i) {
    INFO(scenarios()[i].name);
    REQUIRE(seen[i].size() == expected[i].size());
    for (std::size_t step = 0; step < seen[i].size(); ++step) CHECK(seen[i][step] == expected[i][step]);
  }
}

TEST_CASE("every placement gives the same answers") {
  REQUIRE(scenarios().size() >= 40);
  REQUIRE(placements.size() >= 6);
  const auto expected = play_all(whole);
  for (const auto& placement : placements) {
    INFO(name_of(placement));
    check_same(play_all(placement), expected);
  }
}

TEST_CASE("a broker that carries the events changes no answer") {
  if (!Broker::there()) return;
  const auto expected = play_all(whole);
  Broker broker;
  for (const auto& placement : {whole, split}) {
    INFO(name_of(placement));
    check_same(play_all(placement, {"--events=" + broker.url()}), expected);
  }
}

}  // namespace
