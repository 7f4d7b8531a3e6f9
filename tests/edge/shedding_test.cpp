// What is too much is told to come back later, and nobody else suffers for it.
#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using std::chrono::milliseconds;

const std::string ask = "GET /items" + host + "\r\n";

TEST_CASE("connections beyond the limit wait until one is free") {
  System system(whole, {"--http.server.connections=8"});
  std::vector<Wire> open;
  for (int i = 0; i < 8; ++i) {
    open.emplace_back(system.gateway());
    open.back().send(ask);
    CHECK(open.back().reply().value().status == 401);
  }
  Wire waiting(system.gateway());
  waiting.send(ask);
  CHECK_FALSE(waiting.readable(milliseconds{300}));
  open.pop_back();
  CHECK(waiting.reply().value().status == 401);
}

TEST_CASE(
    "where few files may be open, who only connects keeps neither operators nor databases from their descriptors") {
  System system(whole, {});
  system.stop_all(SIGTERM);
  system.start(0, {"prlimit", "--nofile=450:450"});
  CHECK(system.logs().find("\"event\":\"fewer_connections\"") != std::string::npos);
  std::vector<Wire> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(system.gateway());
  CHECK(eventually([&] { return send(system.health_port("gateway"), "GET", "/health/ready").status == 200; }));
  silent.clear();
  CHECK(eventually([&] { return send(system.gateway(), "GET", "/items").status == 401; }));

  system.stop_all(SIGTERM);
  CHECK_FALSE(system.try_start(0, {"prlimit", "--nofile=200:200"}));
  CHECK(system.logs().find("the limit of open files (ulimit -n) is 200: must be at least 400") != std::string::npos);
}

TEST_CASE("connections beyond an address's share are turned away with 503") {
  System system(whole, {"--http.server.connections-per-address=4"});
  std::vector<Wire> open;
  const auto one_more = [&] {
    open.emplace_back(system.gateway());
    open.back().send(ask);
    return open.back().reply().value();
  };
  for (int i = 0; i < 4; ++i) CHECK(one_more().status == 401);
  const auto refused = one_more();
  CHECK(refused.status == 503);
  CHECK(refused.code() == "too_many_connections");
  CHECK(refused.header("retry-after") == "1");
  CHECK(refused.header("connection") == "close");
  CHECK(open.back().ends());

  Wire other(system.gateway(), "127.0.0.2");  // another address has a share of its own
  other.send(ask);
  CHECK(other.reply().value().status == 401);
  open[0].send(ask);  // those that are in go on
  CHECK(open[0].reply().value().status == 401);

  open.clear();  // a reset gives the share back as an orderly end does
  for (int round = 0; round < 20; ++round) {
    REQUIRE(eventually([&] {
      open.clear();
      return one_more().status == 401;
    }));
    open.back().reset();
  }
}

TEST_CASE("by default an address may have any number of connections") {
  System system(whole);
  std::vector<Wire> open;
  for (int i = 0; i < 200; ++i) {
    open.emplace_back(system.gateway());
    open.back().send(ask);
    CHECK(open.back().reply().value().status == 401);
  }
}

TEST_CASE("requests beyond what may be answered at once are told 503, and the connection stays") {
  System system(whole, {"--http.server.requests=1", "--user.hash-passes=40", "--user.hash-memory-kib=65536"});
  // Its password takes more than a second to hash.
  const std::string person = R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})";
  Wire slow(system.gateway());
  slow.send("POST /users" + host +
            "Content-Type: application/json\r\nContent-Length: " + std::to_string(person.size()) + "\r\n\r\n" + person);
  slow.await_read();
  Wire other(system.gateway());
  other.send(ask);
  const auto refused = other.reply().value();
  REQUIRE_FALSE(slow.readable());
  CHECK(refused.status == 503);
  CHECK(refused.code() == "overloaded");
  CHECK(refused.header("retry-after") == "1");
  CHECK(refused.header("connection") == "keep-alive");
  CHECK(slow.reply().value().status == 201);
  other.send(ask);
  CHECK(other.reply().value().status == 401);
}

TEST_CASE("a connection ends behind the last request it may carry") {
  System system(whole, {"--http.server.requests-per-connection=3"});
  Wire one_by_one(system.gateway());
  for (int i = 0; i < 3; ++i) {
    one_by_one.send(ask);
    CHECK(one_by_one.reply().value().header("connection") == (i < 2 ? "keep-alive" : "close"));
  }
  CHECK(one_by_one.ends());

  Wire pipelined(system.gateway());
  for (int i = 0; i < 10; ++i) pipelined.send(ask);
  CHECK(pipelined.replies().size() == 3);
}

}  // namespace
