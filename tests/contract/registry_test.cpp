// What the registry promises those who register and those who look for them, over each lane.
#include <set>

#include "contract/registry_fixture.h"

namespace svc::registry {
namespace {

using test::RegistryFixture;

struct TableFixture : RegistryFixture {
  explicit TableFixture(Config chosen = {}) : RegistryFixture(GENERATE(from_range(test::lanes)), chosen) {}
};

TEST_CASE("an instance registers, is found, renews and leaves") {
  TableFixture f;
  CAPTURE(name_of(f.lane));
  CHECK(f.ask(Discover{"shop", Policy::round_robin, {}}).error().code == Code::not_found);
  CHECK(f.ask(GetService{"shop"}).error().code == Code::not_found);
  auto wish = f.wish("shop", 8080, "node-1.example");
  wish.version = "1.2.3";
  wish.weight = 7;
  wish.metadata = {{"zone", "a"}, {"note", "\"é\""}};
  const auto granted = f.ask(wish);
  REQUIRE(granted.has_value());
  CHECK(granted->lease_seconds == 9);

  const Instance expected{granted->instance_id,
                          "shop",
                          "node-1.example",
                          8080,
                          "1.2.3",
                          7,
                          wish.metadata,
                          {Lease::live, Probe::unknown, {}},
                          9,
                          9,
                          true};
  CHECK(*f.ask(Discover{"shop", Policy::round_robin, {}}) == expected);
  CHECK(f.instances("shop") == std::vector{expected});
  const auto directory = f.ask(ListServices{});
  CHECK(directory->services == std::vector{Listed{"shop", {expected}}});
  CHECK_FALSE(directory->preserving);
  CHECK(directory->revision == 1);

  CHECK(f.ask(wish) == granted);  // the same place again renews
  CHECK(f.renew("shop", granted->instance_id));
  CHECK_FALSE(f.renew("cart", granted->instance_id));
  CHECK(f.ask(ListServices{})->revision == 1);  // nothing has changed
  wish.weight = 8;
  CHECK(f.ask(wish) == granted);
  CHECK(f.instances("shop").front().weight == 8);
  CHECK(f.ask(ListServices{})->revision == 2);

  CHECK(f.ask(Deregister{"cart", granted->instance_id}).has_value());
  CHECK(f.ports("shop") == std::vector{8080});
  for (int i = 0; i < 2; ++i) CHECK(f.ask(Deregister{"shop", granted->instance_id}).has_value());
  CHECK(f.ask(Discover{"shop", Policy::round_robin, {}}).error().code == Code::unavailable);
  CHECK(f.ask(Renew{"shop", granted->instance_id}).error().code == Code::not_found);
  CHECK(f.ports("shop").empty());
}

TEST_CASE("a lease lapses unless it is renewed, to the second") {
  TableFixture f;
  CAPTURE(name_of(f.lane));
  const auto short_id = f.join("shop", 1, 1), middle = f.join("shop", 2), long_id = f.join("shop", 3, 3600);
  f.world.clock.advance(milliseconds{999});
  CHECK(f.ports("shop") == std::vector{1, 2, 3});
  f.world.clock.advance(milliseconds{1});
  CHECK(f.ports("shop") == std::vector{2, 3});
  CHECK(f.ask(Renew{"shop", short_id}).error().code == Code::not_found);
  f.world.clock.advance(milliseconds{7'500});
  CHECK(f.instances("shop").front().lease_remaining_seconds == 1);
  CHECK(f.renew("shop", middle));
  CHECK(f.instances("shop").front().lease_remaining_seconds == 9);
  f.world.clock.advance(seconds{9});
  CHECK(f.ports("shop") == std::vector{3});
  const auto again = f.join("shop", 1);
  CHECK(again != short_id);
  CHECK(f.ports("shop") == std::vector{1, 3});
}

TEST_CASE("what breaks a rule is refused and named") {
  TableFixture f;
  CAPTURE(name_of(f.lane));
  const auto broken = [&](Register wish) {
    const auto refused = f.ask(wish);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::invalid);
    REQUIRE(refused.error().violations.size() == 1);
    return refused.error().violations.front().pointer + " " + refused.error().violations.front().rule;
  };
  const auto with = [&](auto change) {
    auto wish = f.wish("shop", 80);
    change(wish);
    return broken(wish);
  };
  for (const auto* name : {"", "a shop", "a/b", "\r\nX: y", "-shop", "é"})
    CHECK(broken(f.wish(name, 80)) == "/serviceName pattern");
  CHECK(broken(f.wish(std::string(65, 'a'), 80)) == "/serviceName pattern");
  CHECK(broken(f.wish("shop", 0)) == "/port minimum");
  CHECK(broken(f.wish("shop", -1)) == "/port minimum");
  CHECK(broken(f.wish("shop", 70'000)) == "/port maximum");
  for (const auto* host : {"", "a host", "http://a", "a/b", "user@host", "a\r\nb", "[::1]"})
    CHECK(broken(f.wish("shop", 80, host)) == "/host pattern");
  for (const auto* host : {"169.254.169.254", "169.254.1.1", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::",
                           "fd00:ec2::254", "100.100.100.200", "metadata.google.internal", "2852039166", "10.0.0.1:80"})
    CHECK(broken(f.wish("shop", 80, host)) == "/host allowed");
  for (const std::int64_t ttl : {0, -1})
    CHECK(with([&](auto& wish) { wish.ttl_seconds = ttl; }) == "/ttlSeconds minimum");
  CHECK(with([&](auto& wish) { wish.ttl_seconds = 3601; }) == "/ttlSeconds maximum");
  CHECK(with([&](auto& wish) { wish.weight = 0; }) == "/weight minimum");
  CHECK(with([&](auto& wish) { wish.version = "\n"; }) == "/version pattern");
  CHECK(with([&](auto& wish) { wish.metadata = {{"", "x"}}; }) == "/metadata/ propertyNames");
  CHECK(with([&](auto& wish) { wish.metadata = {{"a", std::string(257, 'x')}}; }) == "/metadata/a maxLength");
  CHECK(with([&](auto& wish) {
          for (int i = 0; i < 33; ++i) wish.metadata[std::to_string(i)] = "x";
        }) == "/metadata maxProperties");
  CHECK(f.ask(Discover{"shop", Policy::consistent_hash, {}}).error().violations.front().pointer == "/key");
  CHECK(f.ask(Watch{{}, {}, 61}).error().violations.front().pointer == "/timeout");
  CHECK(f.ask(ListServices{})->services.empty());
}

TEST_CASE("ranges of addresses may be denied, or alone be allowed") {
  Config config;
  config.denied_ranges = {"10.1.0.0/16"};
  config.allowed_ranges = {"10.0.0.0/8"};
  RegistryFixture f(test::Lane::local, config);
  CHECK(f.ask(f.wish("shop", 80, "10.2.0.1")).has_value());
  CHECK(f.ask(f.wish("shop", 80, "10.1.2.3")).error().reason == "host_refused");
  CHECK(f.ask(f.wish("shop", 80, "127.0.0.1")).error().reason == "host_refused");
  Violations found;
  config.denied_ranges = {"10.1.0.0/33"};
  check(config, found);
  CHECK(found.front().pointer == "/denied_ranges");
}

TEST_CASE("each policy spreads as it says") {
  TableFixture f;
  CAPTURE(name_of(f.lane));
  for (const int port : {1, 2, 3}) {
    auto wish = f.wish("shop", port);
    wish.weight = port == 3 ? 8 : 1;
    REQUIRE(f.ask(wish));
  }
  using Counts = std::map<int, int>;
  CHECK(f.picks("shop", 30) == Counts{{1, 10}, {2, 10}, {3, 10}});
  // Six standard deviations of a fair draw of 300 of three: 49.
  for (const auto policy : {Policy::random, Policy::least_outstanding}) {
    const auto picks = f.picks("shop", 300, policy);
    for (const int port : {1, 2, 3}) CHECK(std::abs(picks.at(port) - 100) < 49);
  }
  const auto weighted = f.picks("shop", 300, Policy::weighted);
  CHECK(weighted.at(3) > 190);
  CHECK(weighted.at(1) < 80);
  CHECK(f.picks("shop", 20, Policy::consistent_hash).size() == 1);
}

TEST_CASE("when an instance leaves, only its keys move") {
  RegistryFixture f;
  std::map<int, std::string> ids;
  for (int port = 1; port <= 5; ++port) ids[port] = f.join("shop", port);
  const auto homes = [&] {
    std::vector<int> found;
    for (int i = 0; i < 500; ++i)
      found.push_back(f.ask(Discover{"shop", Policy::consistent_hash, "user-" + std::to_string(i)})->port);
    return found;
  };
  const auto before = homes();
  for (int port = 1; port <= 5; ++port) CHECK(std::ranges::count(before, port) > 50);
  REQUIRE(f.ask(Deregister{"shop", ids[3]}));
  const auto without = homes();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK((before[i] == 3 ? without[i] != 3 : without[i] == before[i]));
  f.join("shop", 3);
  CHECK(homes() == before);
}

TEST_CASE("writing needs the cluster's token, or one of scope register:NAME for that name alone") {
  RegistryFixture f;
  test::Stranger stranger(f.world, f.module->service());
  const std::string body = R"({"serviceName":"shop","host":"10.0.0.1","port":80})";
  const auto post = [&](const std::string& token) { return stranger.send("POST", "/register", token, body).status; };
  CHECK(post("") == 401);
  CHECK(post("nonsense") == 401);
  for (const auto* scope : {"", "admin", "customer", "register:cart", "register:shopping", "register:", "register:*"})
    CHECK(post(stranger.token("joe", scope)) == 403);
  CHECK(stranger.send("POST", "/register", "", body, f.world.cluster.token("gateway")).status == 401);
  CHECK(stranger.send("POST", "/register", "", body, f.world.cluster.token("order") + "x").status == 401);
  CHECK(f.ask(GetService{"shop"}).error().code == Code::not_found);

  const auto token = stranger.token("joe", "register:cart register:shop");
  CHECK(post(token) == 200);
  const auto id = f.instances("shop").front().instance_id;
  CHECK_FALSE(f.instances("shop").front().internal);
  const auto at = "/register/shop/" + id;
  for (const auto* method : {"PUT", "DELETE"}) {
    CHECK(stranger.send(method, at, "").status == 401);
    CHECK(stranger.send(method, at, stranger.token("joe", "register:cart")).status == 403);
  }
  CHECK(stranger.send("PUT", at, token).status == 204);
  CHECK(stranger.send("PUT", "/register/cart/" + id, token).status == 404);
  CHECK(stranger.send("DELETE", at, token).status == 204);
  CHECK(stranger.send("PUT", at, token).status == 404);
  // The cluster's token opens it whoever else is named beside it; a user's token that is stale closes it.
  CHECK(stranger.send("POST", "/register", stranger.token("ann", "customer"), body, f.world.cluster.token("order"))
            .status == 200);
  CHECK(stranger.send("POST", "/register", "stale", body, f.world.cluster.token("order")).status == 401);
  // Reading is open on that port.
  for (const auto* path : {"/services", "/services/shop", "/discover/shop", "/watch?timeout=0"})
    CHECK(stranger.send("GET", path, "").status == 200);
}

TEST_CASE("one place is one instance, however its host is spelt") {
  TableFixture f;
  CAPTURE(name_of(f.lane));
  for (const auto& spellings : {std::vector<std::string>{"node-1.example", "NODE-1.Example"},
                                std::vector<std::string>{"fd00::1", "fd00:0:0:0:0:0:0:1", "FD00::0001"}}) {
    std::set<std::string> ids;
    for (const auto& host : spellings) ids.insert(f.ask(f.wish("shop", 80, host))->instance_id);
    CHECK(ids.size() == 1);
  }
  CHECK(f.instances("shop").size() == 2);
}

TEST_CASE("an instance cannot be taken over by another token") {
  RegistryFixture f;
  test::Stranger stranger(f.world, f.module->service());
  const auto joe = stranger.token("joe", "register:shop"), eve = stranger.token("eve", "register:shop");
  const std::string body = R"({"serviceName":"shop","host":"10.0.0.1","port":80})";
  REQUIRE(stranger.send("POST", "/register", joe, body).status == 200);
  const auto id = f.instances("shop").front().instance_id;
  const auto is_taken = [&](const std::string& token, const std::string& cluster, const std::string& instance) {
    const auto at = "/register/shop/" + instance;
    return stranger.send("POST", "/register", token, body, cluster).status == 200 ||
           stranger.send("PUT", at, token, "", cluster).status == 204 ||
           stranger.send("DELETE", at, token, "", cluster).status == 204;
  };
  CHECK_FALSE(is_taken(eve, "", id));
  CHECK_FALSE(is_taken("", f.world.cluster.token("order"), id));
  CHECK(f.ports("shop") == std::vector{80});
  f.world.clock.advance(seconds{1});
  CHECK(stranger.send("PUT", "/register/shop/" + id, stranger.token("joe", "register:shop")).status == 204);

  f.world.clock.advance(seconds{9});  // its lease is gone, and with it the right
  REQUIRE(stranger.send("POST", "/register", eve, body).status == 200);
  CHECK_FALSE(is_taken(joe, "", f.instances("shop").front().instance_id));
  f.world.clock.advance(seconds{9});
  f.join("shop", 80);
  CHECK_FALSE(is_taken(joe, "", f.instances("shop").front().instance_id));
}

TEST_CASE("one token's instances are counted, and so are all") {
  Config config;
  config.instances_per_token = 3;
  config.instances = 5;
  config.preserve_from = 100;
  RegistryFixture f(test::Lane::local, config);
  test::Stranger stranger(f.world, f.module->service());
  const auto post = [&](const std::string& subject, int port) {
    return stranger.send("POST", "/register", stranger.token(subject, "register:shop"),
                         R"({"serviceName":"shop","host":"10.0.0.1","port":)" + std::to_string(port) + "}");
  };
  for (const int port : {1, 2, 3}) CHECK(post("joe", port).status == 200);
  CHECK(post("joe", 4).status == 429);
  CHECK(post("joe", 4).header("Retry-After") == "1");
  CHECK(post("joe", 3).status == 200);  // a renewal
  CHECK(post("ann", 4).status == 200);
  f.join("cart", 5);
  CHECK(f.ask(f.wish("cart", 6)).error().reason == "too_many_instances");
  for (int i = 0; i < 20; ++i) {  // names that nobody serves any more are forgotten
    f.world.clock.advance(seconds{9});
    f.join("name-" + std::to_string(i), 1);
  }
  CHECK(f.ask(ListServices{})->services.size() <= 6);
}

}  // namespace
}  // namespace svc::registry
