// The registry as programs in any language meet it: a process of its own, JSON, and a token from `svc token`.
#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using nlohmann::json;

struct Registry {
  TempDir dir;
  std::unique_ptr<Child> child;
  int port = 0;

  explicit Registry(const std::vector<std::string>& flags = {}) { start(flags); }
  void start(const std::vector<std::string>& flags) {
    std::vector<std::string> words{svc_binary(),
                                   "--role=registry",
                                   "--data",
                                   (dir / "data").string(),
                                   "--config=/dev/null",
                                   "--port.registry=" + std::to_string(port)};
    words.insert(words.end(), flags.begin(), flags.end());
    child = std::make_unique<Child>(words, dir / "log");
    port = json::parse(child->first_line().value_or("")).at("ports").at("registry").get<int>();
  }
  std::string token(const std::string& scope) const {
    const auto made = run_command({svc_binary(), "token", "--subject", "program", "--scope", scope, "--ttl", "30d",
                                   "--data", (dir / "data").string(), "--config=/dev/null"});
    REQUIRE(made.status == 0);
    return "Bearer " + made.out.substr(0, made.out.find('\n'));
  }
  Answer ask(const std::string& method, const std::string& path, const std::string& bearer = "",
             const json& body = {}) const {
    HeaderList headers;
    if (!bearer.empty()) headers.emplace_back("Authorization", bearer);
    return send(port, method, path, headers, body.is_null() ? "" : body.dump());
  }
};

TEST_CASE("the registry runs alone, and takes programs that hold a token for their name") {
  Registry registry;
  const json shop{{"serviceName", "shop"}, {"host", "127.0.0.1"}, {"port", registry.port}};
  CHECK(registry.ask("GET", "/health/ready").status == 200);
  CHECK(registry.ask("POST", "/register", "", shop).status == 401);
  CHECK(registry.ask("POST", "/register", "Bearer x", shop).status == 401);
  CHECK(registry.ask("POST", "/register", registry.token("register:cart"), shop).status == 403);
  CHECK(registry.ask("POST", "/register", registry.token("admin"), shop).status == 403);
  CHECK(registry.ask("GET", "/discover/shop").status == 404);

  const auto token = registry.token("register:shop");
  const auto registered = registry.ask("POST", "/register", token, shop);
  REQUIRE(registered.status == 200);
  CHECK(registered.json().size() == 2);
  CHECK(registered.json()["leaseSeconds"] == 9);
  const auto id = registered.json()["instanceId"].get<std::string>();
  CHECK(registry.ask("POST", "/register", token, shop).json() == registered.json());
  CHECK(registry.ask("PUT", "/register/shop/" + id, token).status == 204);
  const auto found = registry.ask("GET", "/discover/shop?policy=consistent_hash&key=a");
  REQUIRE(found.status == 200);
  CHECK(found.json()["instanceId"] == id);
  CHECK(found.json()["host"] == "127.0.0.1");
  CHECK(found.json()["port"] == registry.port);
  // It asks the instance, which is itself, how it is.
  CHECK(eventually(
      [&] { return registry.ask("GET", "/services/shop").json()["instances"][0]["health"]["probe"] == "up"; }));
  CHECK(registry.ask("GET", "/discover/shop?policy=consistent_hash").status == 422);
  CHECK(registry.ask("GET", "/discover/shop?policy=fair").status == 422);
  CHECK(registry.ask("DELETE", "/register/shop/" + id, token).status == 204);
  CHECK(registry.ask("GET", "/discover/shop").status == 503);
  CHECK(registry.ask("PUT", "/register/shop/" + id, token).status == 404);
}

TEST_CASE("bad registrations are refused and named") {
  Registry registry;
  const auto token = registry.token("register:shop");
  const auto refused = [&](const json& change) {
    json body{{"serviceName", "shop"}, {"host", "127.0.0.1"}, {"port", 8080}};
    body.update(change);
    const auto answer = registry.ask("POST", "/register", token, body);
    CHECK(answer.status == 422);
    return answer.json()["errors"][0]["pointer"].get<std::string>();
  };
  CHECK(refused({{"port", 0}}) == "/port");
  CHECK(refused({{"port", 70'000}}) == "/port");
  CHECK(refused({{"port", "80"}}) == "/port");
  CHECK(refused({{"ttlSeconds", 0}}) == "/ttlSeconds");
  CHECK(refused({{"ttlSeconds", -5}}) == "/ttlSeconds");
  CHECK(refused({{"host", "169.254.169.254"}}) == "/host");
  CHECK(refused({{"host", "fe80::1"}}) == "/host");
  CHECK(refused({{"metadata", {{"a", 1}}}}) == "/metadata/a");
  CHECK(refused({{"metadata", {{"a", std::string(10'000, 'x')}}}}) == "/metadata/a");
  CHECK(refused({{"owner", "me"}}) == "/owner");
  // Whose name is none has no token for it.
  CHECK(registry.ask("POST", "/register", token, {{"serviceName", "a shop"}, {"host", "a"}, {"port", 1}}).status ==
        403);
  CHECK(send(registry.port, "POST", "/register", {{"Authorization", token}}, "{").status == 400);
  CHECK(registry.ask("GET", "/services").json()["services"].empty());
}

TEST_CASE("a watch is answered when something happens, ends with its process, and starts anew with the next") {
  Registry registry;
  const auto token = registry.token("register:shop");
  const auto start = registry.ask("GET", "/watch").json();
  CHECK(start["reset"] == true);
  const auto watch = [&](const json& since) {
    Wire wire(registry.port);
    wire.send("GET /watch?epoch=" + since["epoch"].get<std::string>() +
              "&since=" + std::to_string(since["revision"].get<int>()) + "&timeout=30 HTTP/1.1\r\nHost: h\r\n\r\n");
    wire.await_read();
    return wire;
  };
  const auto body_of = [](std::optional<Reply> reply) {
    REQUIRE(reply.has_value());
    CHECK(reply->status == 200);
    return json::parse(reply->body);
  };
  auto waiting = watch(start);
  REQUIRE(
      registry.ask("POST", "/register", token, {{"serviceName", "shop"}, {"host", "10.0.0.1"}, {"port", 1}}).status ==
      200);
  const auto news = body_of(waiting.reply());
  CHECK(news["changes"][0]["kind"] == "put");
  CHECK(news["changes"][0]["instance"]["port"] == 1);

  const auto begun = std::chrono::steady_clock::now();
  auto interrupted = watch(news);
  registry.child->signal(SIGTERM);
  CHECK(body_of(interrupted.reply())["changes"].empty());
  CHECK(registry.child->wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{8});
  registry.start({});
  const auto anew = body_of(watch(news).reply());
  CHECK(anew["reset"] == true);
  CHECK(anew["epoch"] != news["epoch"]);
  CHECK(anew["services"].empty());
}

TEST_CASE("nothing of the registry is reached through the gateway") {
  System system(whole);
  CHECK(send(system.port("registry"), "GET", "/services").status == 200);
  for (const auto* path : {"/services", "/watch", "/discover/order", "/register"})
    CHECK(send(system.gateway(), "GET", path).status == 404);
}

}  // namespace
