// What users meet when parts are missing, disks are full or fail, and processes share data.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"

namespace {

using namespace svc::test;

const std::string user_body = R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})";
const std::string sign_in_body = R"({"email":"ann@example.com","password":"correct horse"})";
const std::string anvil = R"({"name":"Anvil","unitPrice":{"amount":5,"currency":"USD"},"onHand":50})";
const std::string one_anvil = R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":"tok_visa"})";

TEST_CASE("one module alone starts, is ready, and says what it cannot reach") {
  const TempDir dir;
  std::vector<std::string> words{svc_binary(),        "--role=order",       "--data",
                                 dir.path().string(), "--config=/dev/null", "--port.order=0"};
  for (const auto* module : {"user", "inventory", "payment"})
    words.push_back(std::string("--link.") + module + "=http://127.0.0.1:" + std::to_string(free_port()));
  Child child(words, dir / "log");
  const auto line = nlohmann::json::parse(child.first_line().value_or(""), nullptr, false);
  const int port = line["ports"]["order"];
  const auto ready = send(port, "GET", "/health/ready");
  CHECK(ready.status == 200);
  CHECK(ready.json()["modules"]["order"] == "ready");
  CHECK(ready.json()["links"]["order"] == "local");
  CHECK(send(port, "GET", "/health/live").status == 200);

  // Nobody can tell whose token this is while the user module is away: not refused, but not now.
  const auto token_of = [](const std::filesystem::path& data) {
    const auto made =
        run_command({svc_binary(), "token", "--subject", "u", "--scope", "admin", "--data", data.string()}).out;
    return bearer(made.substr(0, made.size() - 1));
  };
  const auto asked = send(port, "GET", "/orders", token_of(dir / "elsewhere"));
  CHECK(asked.status == 503);
  CHECK(asked.header("Content-Type") == "application/problem+json");
  CHECK(asked.header("Retry-After") == "1");
  CHECK(asked.json()["code"] == "service_unavailable");
  CHECK(asked.body.find("127.0.0.1") == std::string::npos);
  CHECK(send(port, "GET", "/orders").status == 401);
  CHECK(send(port, "GET", "/nothing").status == 404);
  // What was made with the keys of this data directory is believed, since svc token leaves them there to be found.
  const auto own = token_of(dir.path());
  CHECK(eventually([&] { return send(port, "GET", "/orders", own).status == 200; }));
}

TEST_CASE("while a module is away others answer, and it is back as soon as it is there") {
  System system(split);
  const auto ops = system.operator_token();
  REQUIRE(send(system.gateway(), "POST", "/users", {}, user_body).status == 201);
  const std::string ann = send(system.gateway(), "POST", "/sessions", {}, sign_in_body).json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops), anvil).status == 201);

  for (const std::string module : {"inventory", "payment"}) {
    CAPTURE(module);
    system.process(module).signal(SIGKILL);
    system.process(module).wait();
    const auto refused = send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil);
    CHECK(refused.status == 503);
    CHECK(refused.json()["detail"] == module + " cannot be reached now");
    CHECK(send(system.gateway(), "GET", "/orders", bearer(ann)).json()["items"].empty());
    system.restart(module, SIGKILL);
    CHECK(send(system.gateway(), "GET", "/items/anvil", bearer(ann)).status == 200);
  }
  // Keys of the user module are kept on disk: tokens are good without it, also after a restart.
  system.process("user").signal(SIGKILL);
  system.process("user").wait();
  system.restart("order", SIGTERM);
  CHECK(send(system.gateway(), "GET", "/orders", bearer(ann)).status == 200);
  CHECK(send(system.gateway(), "POST", "/sessions", {}, sign_in_body).status == 503);
  system.restart("user", SIGKILL);
  CHECK(send(system.gateway(), "POST", "/sessions", {}, sign_in_body).status == 201);
  const auto placed = send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil);
  CHECK(placed.json()["status"] == "confirmed");
}

TEST_CASE("internal routes open to the cluster's token only, and never through the gateway's") {
  System system(whole, {"--expose"});
  const auto ops = system.operator_token();
  const int port = system.port("inventory");
  const std::string quote = R"({"items":[{"sku":"x","quantity":1}]})";
  CHECK(send(port, "POST", "/internal/quotes", {}, quote).status == 401);
  CHECK(send(port, "POST", "/internal/quotes", bearer(ops), quote).status == 401);
  CHECK(send(port, "POST", "/internal/quotes", {{"X-Svc-Cluster", ops}}, quote).status == 401);
  CHECK(send(port, "POST", "/internal/quotes", {{"X-Svc-Cluster", "a.b.c"}}, quote).status == 401);
  CHECK(send(system.gateway(), "POST", "/internal/quotes", bearer(ops), quote).status == 404);
  // The public routes answer on the module's own port too.
  CHECK(send(port, "GET", "/items", bearer(ops)).status == 200);
  CHECK(send(port, "GET", "/health/ready").status == 200);
}

TEST_CASE("secrets are made at first start, for their owner only") {
  System system(whole);
  struct stat info{};
  for (const auto* file : {"keys/cluster", "keys/signing-1.json", "user.db", "order.db", "payment.db"}) {
    CAPTURE(file);
    REQUIRE(::stat((system.data() / file).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  REQUIRE(::stat((system.data() / "keys").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(system.logs().find("correct horse") == std::string::npos);
}

TEST_CASE("two processes may serve one module on the same data") {
  System system({{"user"}, {"inventory"}, {"payment"}, {"order"}, {"notification"}, {"gateway"}});
  const auto ops = system.operator_token();
  REQUIRE(send(system.gateway(), "POST", "/users", {}, user_body).status == 201);
  const std::string ann = send(system.gateway(), "POST", "/sessions", {}, sign_in_body).json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops), anvil).status == 201);
  std::vector<std::string> words{svc_binary(),           "--role=order",       "--data",
                                 system.data().string(), "--config=/dev/null", "--port.order=0"};
  for (const std::string module : {"user", "inventory", "payment"})
    words.push_back("--link." + module + "=http://127.0.0.1:" + std::to_string(system.port(module)));
  Child second(words, system.dir() / "second");
  const int other = nlohmann::json::parse(second.first_line().value_or(""))["ports"]["order"];

  // The same key at both, at once: one order.
  std::array<Answer, 8> answers;
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < answers.size(); ++i)
    clients.emplace_back([&, i] {
      auto headers = bearer(ann);
      headers.emplace_back("Idempotency-Key", "both");
      do answers[i] = send(i % 2 ? other : system.gateway(), "POST", "/orders", headers, one_anvil);
      while (answers[i].status == 409);
    });
  for (auto& client : clients) client.join();
  for (const auto& answer : answers) {
    REQUIRE(answer.status == 201);
    CHECK(answer.json()["id"] == answers[0].json()["id"]);
  }
  CHECK(send(other, "GET", "/orders", bearer(ann)).json()["items"].size() == 1);
}

TEST_CASE("what a killed process left half-done, another that shares its data finishes") {
  System system(split, {"--order.saga.lease-ms=1500", "--order.saga.step-timeout-ms=500"});
  const auto ops = system.operator_token();
  REQUIRE(send(system.gateway(), "POST", "/users", {}, user_body).status == 201);
  const std::string ann = send(system.gateway(), "POST", "/sessions", {}, sign_in_body).json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops), anvil).status == 201);
  auto headers = bearer(ann);
  headers.emplace_back("Prefer", "respond-async");
  const auto pending = send(system.gateway(), "POST", "/orders", headers,
                            R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":"tok_timeout"})");
  REQUIRE(pending.json()["status"] == "pending");
  system.process("order").signal(SIGKILL);
  system.process("order").wait();
  std::vector<std::string> words{svc_binary(),
                                 "--role=order",
                                 "--data",
                                 system.data().string(),
                                 "--config=/dev/null",
                                 "--port.order=0",
                                 "--order.saga.lease-ms=1500",
                                 "--order.saga.step-timeout-ms=500"};
  for (const std::string module : {"user", "inventory", "payment"})
    words.push_back("--link." + module + "=http://127.0.0.1:" + std::to_string(system.port(module)));
  Child second(words, system.dir() / "second");
  const int other = nlohmann::json::parse(second.first_line().value_or(""))["ports"]["order"];
  const std::string path = "/orders/" + pending.json()["id"].get<std::string>();
  REQUIRE(eventually([&] { return send(other, "GET", path, bearer(ann)).json()["status"] == "confirmed"; }));
  const auto timeline = send(other, "GET", path + "/timeline", bearer(ann)).json()["items"];
  CHECK(std::ranges::any_of(timeline, [](const auto& entry) { return entry["step"] == "resume"; }));
}

TEST_CASE("an order that cannot be undone is retried by an operator") {
  System system(split,
                {"--order.saga.undo-attempts=2", "--order.saga.backoff-ms=10", "--order.saga.step-timeout-ms=300"});
  const auto ops = system.operator_token();
  REQUIRE(send(system.gateway(), "POST", "/users", {}, user_body).status == 201);
  const std::string ann = send(system.gateway(), "POST", "/sessions", {}, sign_in_body).json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops), anvil).status == 201);
  const std::string id = send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil).json()["id"];
  system.process("payment").signal(SIGKILL);
  system.process("payment").wait();
  const auto stuck = send(system.gateway(), "POST", "/orders/" + id + "/cancel", bearer(ann));
  CHECK(stuck.status == 409);
  REQUIRE(eventually([&] {
    return send(system.gateway(), "GET", "/orders/" + id, bearer(ann)).json()["status"] == "needs_attention";
  }));
  system.restart("payment", SIGKILL);
  const auto retried = send(system.operations(), "POST", "/admin/orders/" + id + "/retry", bearer(ops));
  CHECK(retried.json()["status"] == "cancelled");
  CHECK(send(system.gateway(), "GET", "/items/anvil", bearer(ops)).json()["onHand"] == 50);
}

TEST_CASE("a full disk stops writes, not reads, and writes return with room") {
  const TempDir mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=3m") != 0) {
    std::cerr << "SKIPPED: no tmpfs can be mounted here: a full disk is not tried\n";
    return;
  }
  struct Unmount {
    std::filesystem::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{mount_point.path()};
  System system(whole, {"--database.order=sqlite:" + (mount_point / "order.db").string()});
  const auto ops = system.operator_token();
  REQUIRE(send(system.gateway(), "POST", "/users", {}, user_body).status == 201);
  const std::string ann = send(system.gateway(), "POST", "/sessions", {}, sign_in_body).json()["accessToken"];
  REQUIRE(send(system.gateway(), "PUT", "/items/anvil", bearer(ops), anvil).status == 201);
  const auto kept = send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil);
  REQUIRE(kept.json()["status"] == "confirmed");

  std::ofstream filler(mount_point / "filler");
  while (filler.write(std::string(4'096, 'x').data(), 4'096).flush()) {
  }
  Answer refused;
  REQUIRE(eventually([&] {
    refused = send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil);
    return refused.status != 201;  // what is in the WAL already may be written over
  }));
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  const auto ready = send(system.operations(), "GET", "/health/ready");
  CHECK(ready.status == 503);
  CHECK(ready.json()["modules"]["order"] != "ready");
  CHECK(ready.json()["modules"]["user"] == "ready");
  CHECK(
      send(system.gateway(), "GET", "/orders/" + kept.json()["id"].get<std::string>(), bearer(ann)).json()["status"] ==
      "confirmed");
  CHECK(send(system.gateway(), "POST", "/sessions", {}, sign_in_body).status == 201);

  filler.close();
  std::filesystem::remove(mount_point / "filler");
  REQUIRE(eventually([&] { return send(system.operations(), "GET", "/health/ready").status == 200; }));
  CHECK(send(system.gateway(), "POST", "/orders", bearer(ann), one_anvil).json()["status"] == "confirmed");
}

TEST_CASE("an fsync that fails is never answered with success") {
  if (run_command({"strace", "-f", "-qq", "-o", "/dev/null", "true"}).status != 0) {
    std::cerr << "SKIPPED: strace is not there, or may not trace: a failing fsync is not tried\n";
    return;
  }
  System system(whole);
  const auto ops = system.operator_token();
  system.stop_all(SIGTERM);
  // The second and third sync of the WAL fail; the writer's probe then finds the disk well again.
  system.start(0, {"strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", (system.data() / "inventory.db-wal").string(),
                   "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=2..3"});
  std::vector<int> statuses;
  for (int i = 0; i < 3; ++i)
    statuses.push_back(send(system.gateway(), "PUT", "/items/anvil" + std::to_string(i), bearer(ops), anvil).status);
  CAPTURE(statuses);
  CHECK(std::ranges::count(statuses, 503) >= 1);
  const auto kept = std::ranges::count(statuses, 201);
  REQUIRE(eventually([&] { return send(system.operations(), "GET", "/health/ready").status == 200; }));
  CHECK(send(system.gateway(), "PUT", "/items/last", bearer(ops), anvil).status == 201);
  const auto items = send(system.gateway(), "GET", "/items", bearer(ops)).json()["items"];
  CHECK(items.size() >= static_cast<std::size_t>(kept) + 1);
}

}  // namespace
