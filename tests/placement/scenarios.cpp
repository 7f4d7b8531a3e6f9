#include "placement/scenarios.h"

#include "support/catch.h"

namespace svc::test {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> joined;
    for (auto part : {account_scenarios(), order_scenarios(), edge_scenarios()})
      for (auto& scenario : part) joined.push_back(std::move(scenario));
    return joined;
  }();
  return all;
}

People make_people(System& system) {
  People people;
  people.ops = system.operator_token();
  const auto enter = [&](const std::string& name, std::string& id, std::string& token) {
    const auto made =
        send(system.gateway(), "POST", "/users", {},
             R"({"name":")" + name + R"(","email":")" + name + R"(@example.com","password":"correct horse"})");
    REQUIRE(made.status == 201);
    id = made.json()["id"];
    const auto session = send(system.gateway(), "POST", "/sessions", {},
                              R"({"email":")" + name + R"(@example.com","password":"correct horse"})");
    REQUIRE(session.status == 201);
    token = session.json()["accessToken"];
  };
  enter("ann", people.ann_id, people.ann);
  enter("bob", people.bob_id, people.bob);
  return people;
}

}  // namespace svc::test
