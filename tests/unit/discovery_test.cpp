// What a process knows of instances, and for how long.
#include "discovery.h"

#include "support/catch.h"

namespace svc::app {
namespace {

registry::Instance instance(const std::string& id, int port, registry::Probe probe = registry::Probe::up) {
  registry::Instance made;
  made.instance_id = id;
  made.service_name = "shop";
  made.host = "127.0.0.1";
  made.port = port;
  made.lease_seconds = 9;
  made.health.probe = probe;
  return made;
}

std::vector<int> ports(const KnownInstances& known) {
  std::vector<int> found;
  for (const auto& one : known.usable()) found.push_back(one.address.port);
  return found;
}

const Steady::time_point start{seconds{1'000}};

TEST_CASE("instances come, change and go as the registry tells") {
  KnownInstances known;
  known.put(instance("a", 1));
  known.put(instance("b", 2));
  CHECK(ports(known) == std::vector{1, 2});
  known.remove("a");
  CHECK(ports(known) == std::vector{2});
}

TEST_CASE("what the registry sees down is passed over while anything is up, and what is refused always") {
  using enum registry::Probe;
  KnownInstances known;
  known.put(instance("a", 1, down));
  known.put(instance("b", 2, unknown));
  known.put(instance("c", 3, refused));
  CHECK(ports(known) == std::vector{2});
  known.put(instance("b", 2, down));
  CHECK(ports(known) == std::vector{1, 2});
}

TEST_CASE("a registry that was restarted takes nobody away before the leases would have ended") {
  KnownInstances known;
  known.put(instance("a", 1));
  known.put(instance("b", 2));
  known.reset({}, false, start);
  CHECK(known.keeps_any());
  CHECK(ports(known) == std::vector{1, 2});
  known.put(instance("new", 1));  // the first registers again, under another id
  CHECK(ports(known) == std::vector{2, 1});
  CHECK_FALSE(known.forget(start + seconds{8}));
  CHECK(known.forget(start + seconds{9}));
  CHECK(ports(known) == std::vector{1});
  CHECK_FALSE(known.keeps_any());
}

TEST_CASE("the registry of before, when it tells everything anew, is believed at once") {
  KnownInstances known;
  known.put(instance("a", 1));
  known.put(instance("b", 2));
  known.reset({instance("b", 2)}, true, start);
  CHECK(ports(known) == std::vector{2});
  CHECK_FALSE(known.keeps_any());
}

}  // namespace
}  // namespace svc::app
