// How the registry judges its instances: by their leases, by its own eyes, and by how many lapse at once.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "contract/registry_fixture.h"

namespace svc::registry {
namespace {

using test::eventually;
using test::RegistryFixture;

struct HealthFixture : RegistryFixture {
  explicit HealthFixture(Config chosen = {}) : RegistryFixture(GENERATE(from_range(test::lanes)), chosen) {}

  std::vector<std::string> ids;
  void join_all(int count) {
    for (int port = 1; port <= count; ++port) ids.push_back(join("shop", port));
  }
  void renew_all(std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i) renew("shop", ids[i]);
  }
  bool preserving() { return ask(ListServices{})->preserving; }
  int lapsed() {
    int count = 0;
    for (const auto& instance : instances("shop")) count += instance.health.lease == Lease::lapsed;
    return count;
  }
};

TEST_CASE("when over half of five leases or more lapse at once, nobody is struck off until enough renew") {
  HealthFixture f;
  CAPTURE(name_of(f.lane));
  f.join_all(6);
  f.world.clock.advance(seconds{6});
  f.renew_all(0, 2);
  f.world.clock.advance(seconds{3});
  CHECK(f.preserving());
  CHECK(f.ports("shop").size() == 6);
  CHECK(f.lapsed() == 4);
  CHECK(f.instances("shop").back().lease_remaining_seconds == 0);
  CHECK(f.picks("shop", 6).size() == 6);
  CHECK(f.instances("shop").front().instance_id == f.ids.front());

  f.world.clock.advance(seconds{60});  // the others lapse too, and stay
  CHECK(f.ports("shop").size() == 6);
  CHECK(f.lapsed() == 6);
  f.renew_all(0, 2);
  CHECK(f.preserving());
  CHECK(f.renew("shop", f.ids[2]));  // three of six
  CHECK_FALSE(f.preserving());
  CHECK(f.lapsed() == 0);
  CHECK(f.ports("shop").size() == 6);
  f.world.clock.advance(seconds{3});  // those who did not come within another beat
  CHECK(f.ports("shop") == std::vector{1, 2, 3});
  CHECK_FALSE(f.preserving());
}

TEST_CASE("leases that lapse one after another within a beat are counted together, and put back") {
  HealthFixture f;
  CAPTURE(name_of(f.lane));
  for (int i = 0; i < 6; ++i) {
    f.ids.push_back(f.join("shop", i + 1));
    f.world.clock.advance(milliseconds{500});
  }
  const auto start = *f.ask(Watch{{}, {}, 0});
  f.world.clock.advance(milliseconds{6'000});  // the first is at its end
  CHECK(f.ports("shop").size() == 5);
  f.world.clock.advance(milliseconds{500});
  f.world.clock.advance(milliseconds{500});
  CHECK(f.ports("shop").size() == 3);
  CHECK_FALSE(f.preserving());
  CHECK_FALSE(f.renew("shop", f.ids[0]));
  f.world.clock.advance(milliseconds{500});
  CHECK(f.preserving());
  CHECK(f.ports("shop").size() == 6);
  CHECK(f.renew("shop", f.ids[0]));
  CHECK(f.ask(Watch{start.epoch, start.revision, 0})->changes->size() == 4);
}

TEST_CASE("few leases, few of many, and many one after another are struck off") {
  HealthFixture f;
  CAPTURE(name_of(f.lane));
  SECTION("four of four: no more than a service that stops") {
    f.join_all(4);
    f.world.clock.advance(seconds{9});
    CHECK(f.ports("shop").empty());
  }
  SECTION("half of six") {
    f.join_all(6);
    f.world.clock.advance(seconds{6});
    f.renew_all(0, 3);
    f.world.clock.advance(seconds{3});
    CHECK(f.ports("shop") == std::vector{1, 2, 3});
  }
  SECTION("ten, two each beat") {
    for (int i = 0; i < 10; ++i) {
      f.ids.push_back(f.join("shop", i + 1, 60));
      f.world.clock.advance(milliseconds{1'600});
    }
    f.world.clock.advance(seconds{60});
    CHECK(f.ports("shop").size() == 0);
  }
  CHECK_FALSE(f.preserving());
}

TEST_CASE("those who do not renew are not preserved for ever") {
  HealthFixture f;
  CAPTURE(name_of(f.lane));
  f.join_all(6);
  f.world.clock.advance(seconds{8});
  f.renew_all(0, 1);
  f.world.clock.advance(seconds{2});
  REQUIRE(f.preserving());
  for (int i = 0; i < 58; ++i) {  // one goes on renewing for almost five minutes
    f.world.clock.advance(seconds{5});
    REQUIRE(f.renew("shop", f.ids[0]));
  }
  CHECK(f.preserving());
  CHECK(f.ports("shop").size() == 6);
  f.world.clock.advance(seconds{9});
  f.renew_all(0, 1);
  f.world.clock.advance(seconds{2});
  CHECK_FALSE(f.preserving());
  CHECK(f.ports("shop").size() <= 1);
}

TEST_CASE("what leaves of itself is not preserved, and a table that has shrunk ends it") {
  HealthFixture f;
  CAPTURE(name_of(f.lane));
  f.join_all(5);
  f.world.clock.advance(seconds{9});
  REQUIRE(f.preserving());
  REQUIRE(f.ask(Deregister{"shop", f.ids[0]}));
  CHECK_FALSE(f.preserving());
  CHECK(f.ports("shop").size() == 4);
  f.world.clock.advance(seconds{3});
  CHECK(f.ports("shop").empty());
}

// An instance that can be asked.
struct Program {
  std::atomic<int> status{200};
  std::unique_ptr<http::Server> server;
  explicit Program(Loops& loops) {
    server = std::make_unique<http::Server>(
        loops, "127.0.0.1", 0,
        [this](http::Request& request) {
          const int answered = request.path == "/health/ready" ? status.load() : 500;
          return Task<http::Response>(http::Response{answered, "text/plain", "x"});
        },
        http::ServerOptions{});
    server->start();
  }
  ~Program() { server->stop(seconds{5}); }
};

TEST_CASE("the registry looks for itself, and who cannot be reached is not discovered while others are up") {
  Config config;
  config.probe_ms = 10;
  config.probe_timeout_ms = 2'000;
  RegistryFixture f(test::Lane::local, config);
  Program one(f.world.loops), two(f.world.loops);
  const auto join = [&](int port, const std::string& host = "127.0.0.1") {
    REQUIRE(f.ask(f.wish("shop", port, host)));
  };
  join(one.server->port());
  join(two.server->port(), "localhost");
  CHECK(f.instances("shop").front().health.probe == Probe::unknown);
  CHECK_FALSE(f.instances("shop").front().health.probed_at.has_value());
  const auto probe_of = [&](const Program& program) {
    for (const auto& instance : f.instances("shop"))
      if (instance.port == program.server->port()) return instance.health.probe;
    return Probe::unknown;
  };
  const auto start = *f.ask(Watch{{}, {}, 0});
  f.module->start();
  REQUIRE(eventually([&] { return probe_of(one) == Probe::up && probe_of(two) == Probe::up; }));
  CHECK(f.instances("shop").front().health.probed_at == f.world.clock.now());
  CHECK(f.ask(Watch{start.epoch, start.revision, 0})->changes->size() == 2);
  CHECK(f.picks("shop", 10).size() == 2);

  one.status = 503;
  REQUIRE(eventually([&] { return probe_of(one) == Probe::down; }));
  CHECK(f.picks("shop", 10) == std::map<int, int>{{two.server->port(), 10}});
  two.status = 302;  // a redirect is not followed
  REQUIRE(eventually([&] { return probe_of(two) == Probe::down; }));
  CHECK(f.picks("shop", 10).size() == 2);  // all seem down: it may be we who cannot see
  one.status = 404;                        // answers, but knows no such path
  REQUIRE(eventually([&] { return probe_of(one) == Probe::unknown; }));
  CHECK(f.picks("shop", 10).size() == 1);
  two.server->stop(seconds{5});
  one.status = 200;
  REQUIRE(eventually([&] { return probe_of(one) == Probe::up && probe_of(two) == Probe::down; }));
  f.module->stop();
}

TEST_CASE("a name that leads to an address that is not allowed is never discovered") {
  Config config;
  config.probe_ms = 10;
  config.denied_ranges = {"127.0.0.0/8", "::1"};
  RegistryFixture f(test::Lane::local, config);
  Program program(f.world.loops);
  REQUIRE(f.ask(f.wish("shop", program.server->port(), "localhost")));
  f.module->start();
  REQUIRE(eventually([&] { return f.instances("shop").front().health.probe == Probe::refused; }));
  CHECK(f.ask(Discover{"shop", Policy::round_robin, {}}).error().reason == "no_instance");
  f.module->stop();
}

TEST_CASE("instances that hang hold up neither the others nor a stop") {
  Config config;
  config.probe_ms = 10;
  config.probe_timeout_ms = 300;
  config.probes_at_once = 4;
  RegistryFixture f(test::Lane::local, config);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 64) == 0);  // who connects is never answered
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  for (int i = 0; i < 40; ++i)
    REQUIRE(f.ask(f.wish("hang-" + std::to_string(i), ntohs(address.sin_port), "127.0.0.1")));
  Program program(f.world.loops);
  REQUIRE(f.ask(f.wish("shop", program.server->port(), "127.0.0.1")));
  f.module->start();
  SECTION("the others") {
    CHECK(eventually([&] { return f.instances("shop").front().health.probe == Probe::up; }));
    f.module->stop();
  }
  SECTION("a stop") {
    int asked = -1;
    REQUIRE(eventually([&] { return (asked = ::accept(listener, nullptr, nullptr)) >= 0; }));
    const auto begun = Steady::now();
    f.module->stop();
    CHECK(Steady::now() - begun < seconds{2});  // a round takes more than three
    ::close(asked);
  }
  ::close(listener);
}

}  // namespace
}  // namespace svc::registry
