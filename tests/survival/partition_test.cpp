// A one-way partition: an instance that is sound and can be reached, or can reach others, but not both. In a network
// namespace of its own.
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "support/catch.h"
#include "support/eventually.h"
#include "survival/load.h"

namespace {

using namespace svc::test;

/// A network namespace, joined to this one by a cable with two ends.
class Namespace {
 public:
  Namespace() {
    const std::string number = std::to_string(::getpid() % 60'000);
    name_ = "svc-" + number;
    cable_ = "svc" + number;
    const std::string prefix = "10.77." + std::to_string(::getpid() % 250) + ".";
    here_ = prefix + "1";
    there_ = prefix + "2";
    made_ = run("netns add " + name_) && run("link add " + cable_ + "a type veth peer name " + cable_ + "b") &&
            run("link set " + cable_ + "b netns " + name_) && run("addr add " + here_ + "/30 dev " + cable_ + "a") &&
            run("link set " + cable_ + "a up") && inside("addr add " + there_ + "/30 dev " + cable_ + "b") &&
            inside("link set " + cable_ + "b up") && inside("link set lo up");
  }
  ~Namespace() {
    run("link del " + cable_ + "a");
    run("netns del " + name_);
  }
  bool made() const { return made_; }
  const std::string& name() const { return name_; }
  const std::string& here() const { return here_; }
  const std::string& there() const { return there_; }

  /// What is sent from there to here is lost, from now on; or the other way.
  bool lose_answers() { return inside("route add blackhole " + here_ + "/32"); }
  bool lose_requests() { return run("route add blackhole " + there_ + "/32"); }
  bool mend_answers() { return inside("route del blackhole " + here_ + "/32"); }
  bool mend_requests() { return run("route del blackhole " + there_ + "/32"); }

 private:
  static bool run(const std::string& words) { return run_command({"sh", "-c", "ip " + words}).status == 0; }
  bool inside(const std::string& words) { return run("-n " + name_ + " " + words); }

  std::string name_, cable_, here_, there_;
  bool made_ = false;
};

TEST_CASE("an instance behind a one-way partition is passed over, and no read fails") {
  Namespace network;
  if (!network.made()) {
    std::cerr << "SKIPPED: no network namespace can be made here\n";
    return;
  }
  System system({{"registry"}, {"user"}, {"payment"}, {"order"}, {"notification"}, {"gateway"}, {"inventory"}},
                {"--host=0.0.0.0", "--instance.address=" + network.here(), "--registry.lease-seconds=3",
                 "--registry.beat-ms=1000", "--http.deadline-seconds=2"});
  const auto registry = "http://" + network.here() + ":" + std::to_string(system.port("registry"));
  Child far(
      {"ip", "netns", "exec", network.name(), svc_binary(), "--role=inventory", "--config=/dev/null",
       "--data=" + system.data().string(), "--host=" + network.there(), "--port.inventory=0", "--registry=" + registry},
      system.dir() / "log-far");
  REQUIRE(far.first_line());
  const auto known = [&](const std::string& count) {
    return eventually(
        [&] { return send(system.operations(), "GET", "/health/ready").json()["links"]["inventory"] == count; });
  };
  REQUIRE(known("2 instances"));
  Load load(system, [&] { return system.gateway(); }, {.writes = false});
  load.pass(200);
  for (const bool answers : {true, false}) {
    CAPTURE(answers);
    REQUIRE((answers ? network.lose_answers() : network.lose_requests()));
    load.pass(1'000);
    CHECK(known("1 instance"));
    load.pass(200);
    REQUIRE((answers ? network.mend_answers() : network.mend_requests()));
    CHECK(known("2 instances"));
    load.pass(200);
  }
  load.stop();
  const auto failures = load.failures();
  for (const auto& failure : failures) UNSCOPED_INFO(failure);
  CHECK(failures.empty());
  far.signal(SIGKILL);
}

}  // namespace
