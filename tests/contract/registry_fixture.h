// A registry and those who use it.
#pragma once

#include <map>
#include <string>

#include "registry/module.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/world.h"

namespace svc::test {

struct RegistryFixture {
  explicit RegistryFixture(Lane by = Lane::local, registry::Config chosen = {}) : lane(by), config(chosen) {}

  const Lane lane;
  const registry::Config config;
  World world;
  std::unique_ptr<Hosted<registry::Registry>> module = registry::make(config, world.environment);
  std::unique_ptr<registry::Registry> link = world.open(lane, module->service());

  template <class Op>
  auto ask(Op op) {
    return world.ask(*link, world.anyone(), std::move(op));
  }
  static registry::Register wish(const std::string& service, int port, const std::string& host = "10.0.0.1") {
    registry::Register made;
    made.service_name = service;
    made.host = host;
    made.port = port;
    return made;
  }
  /// Registers and answers the instance's id.
  std::string join(const std::string& service, int port, std::optional<std::int64_t> ttl = {}) {
    auto made = wish(service, port);
    made.ttl_seconds = ttl;
    const auto granted = ask(made);
    REQUIRE(granted.has_value());
    return granted->instance_id;
  }
  bool renew(const std::string& service, const std::string& id) {
    return ask(registry::Renew{service, id}).has_value();
  }
  std::vector<registry::Instance> instances(const std::string& service) {
    return ask(registry::GetService{service})->instances;
  }
  std::vector<int> ports(const std::string& service) {
    std::vector<int> found;
    for (const auto& instance : instances(service)) found.push_back(instance.port);
    return found;
  }
  /// How often each port is picked.
  std::map<int, int> picks(const std::string& service, int times,
                           registry::Policy policy = registry::Policy::round_robin) {
    std::map<int, int> counts;
    for (int i = 0; i < times; ++i) ++counts[ask(registry::Discover{service, policy, "key"})->port];
    return counts;
  }
};

/// A program that is none of ours: it has a token, perhaps, and speaks HTTP.
class Stranger {
 public:
  Stranger(World& world, registry::Registry& service) : world_(world) {
    for (const auto where : {Surface::open, Surface::internal, Surface::operations})
      http::Outside<registry::Registry>::mount(router_, where, service, world.identify);
  }

  std::string token(const std::string& subject, const std::string& scope) const {
    Claims claims;
    claims.sub = subject;
    claims.scope = scope;
    claims.iat = world_.clock.now().ms / 1000;
    claims.exp = claims.iat + 900;
    return world_.keys.sign(claims);
  }
  http::Response send(const std::string& method, const std::string& target, const std::string& bearer,
                      const std::string& body = {}, const std::string& cluster = {}) {
    http::Outgoing request{method, target, {{"Content-Type", "application/json"}}, body, false};
    if (!bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + bearer);
    if (!cluster.empty()) request.headers.emplace_back("X-Svc-Cluster", cluster);
    return *world_.run([&] { return loopback_.roundtrip(request, Steady::now() + seconds{10}); });
  }

 private:
  World& world_;
  http::Router router_;
  http::Loopback loopback_{router_};
};

}  // namespace svc::test
