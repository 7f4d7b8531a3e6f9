// What users and operators do, and what strangers try. Each is played against every placement; no placement may
// answer differently. What the answers should be is asked by the contract tests; here it is only asked that they
// are the same, but for the few checks that keep a scenario from passing by failing everywhere.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "placement/player.h"

namespace svc::test {

struct Scenario {
  std::string name;
  std::function<void(Player&)> play;
};
std::vector<Scenario> account_scenarios();
std::vector<Scenario> order_scenarios();
std::vector<Scenario> edge_scenarios();
/// All of them.
const std::vector<Scenario>& scenarios();

/// Signs Ann and Bob up and in.
People make_people(System& system);

}  // namespace svc::test
