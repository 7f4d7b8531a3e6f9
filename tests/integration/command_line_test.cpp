// The command line: flags, files, variables, messages and exit statuses.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "support/catch.h"
#include "support/system.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

Outcome svc(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), svc_binary());
  return run_command(arguments, environment);
}

TEST_CASE("help and version") {
  const auto help = svc({"--help"});
  CHECK(help.status == 0);
  for (const auto* flag : {"--role", "--config", "--data", "--port.order", "--link.inventory", "--expose",
                           "--cluster-key", "--database.user", "--check-config", "--print-config", "openapi", "token"})
    CHECK_THAT(help.out, ContainsSubstring(flag));
  CHECK_THAT(svc({"--version"}).out, Catch::Matchers::StartsWith("svc "));
}

TEST_CASE("every fault of a command line is told at once, with status 2") {
  const TempDir dir;
  std::ofstream(dir / "bad.toml")
      << "rolle = 'all'\n[port]\norder = 'x'\n[user]\nhash_memory_kib = 5\n[order.saga]\nlease_ms = 500\n";
  const auto bad = svc({"--config", (dir / "bad.toml").string(), "--role=all,order,shoes", "--port.user=70000",
                        "--link.user=ftp://x", "--link.order=local:", "--database.payment=postgresql://x", "--nonsense",
                        "--events=kafka://x", "--order.wait-seconds=soon"},
                       {"SVC_GATEWAY_CORS_ORIGINS=nowhere", "SVC_TYPO=1"});
  CHECK(bad.status == 2);
  CHECK(bad.out.empty());
  for (const auto* fault :
       {"unknown key rolle", "bad.toml:1", "port.order = x: must be an integer", "bad.toml:3",
        "user.hash_memory_kib = 5", "order.saga.lease_ms = 500", "no module \"shoes\"", "port.user = 70000",
        "link.user = ftp://x", "link.order = local:", "database.payment", "--nonsense", "events",
        "order.wait_seconds = soon", "gateway.cors_origins", "unknown variable SVC_TYPO"}) {
    CAPTURE(fault, bad.err);
    CHECK_THAT(bad.err, ContainsSubstring(fault));
  }
}

TEST_CASE("a file that is no TOML, or is not there, is told with its place") {
  const TempDir dir;
  std::ofstream(dir / "bad.toml") << "a = 1\nb = \n";
  const auto bad = svc({"--config", (dir / "bad.toml").string(), "--check-config"});
  CHECK(bad.status == 2);
  CHECK_THAT(bad.err, ContainsSubstring("bad.toml:2"));
  CHECK(svc({"--config", (dir / "none.toml").string(), "--check-config"}).status == 2);
}

TEST_CASE(
    "flags win over variables, variables over the file, the file over defaults, and one may ask which it "
    "was") {
  const TempDir dir;
  std::ofstream(dir / "svc.toml")
      << "drain_seconds = 1\n[order]\nwait_seconds = 3\nidempotency_hours = 48\n[port]\norder = 4002\n";
  const auto file = (dir / "svc.toml").string();
  const auto printed = svc({"--print-config", "--order.wait-seconds=5", "--expose"},
                           {"SVC_CONFIG=" + file, "SVC_ORDER_WAIT_SECONDS=4", "SVC_PORT_ORDER=5002"});
  CHECK(printed.status == 0);
  CHECK_THAT(printed.out, ContainsSubstring("wait_seconds = 5  # --order.wait-seconds"));
  CHECK_THAT(printed.out, ContainsSubstring("order = 5002  # SVC_PORT_ORDER"));
  CHECK_THAT(printed.out, ContainsSubstring("idempotency_hours = 48  # " + file + ":4"));
  CHECK_THAT(printed.out, ContainsSubstring("expose = true  # --expose"));
  CHECK_THAT(printed.out, ContainsSubstring("token_seconds = 900  # default"));
  CHECK(svc({"--check-config", "--config", file}).status == 0);
}

TEST_CASE("what --print-config prints can be read back") {
  const TempDir dir;
  std::ofstream(dir / "all.toml") << svc({"--print-config", "--config=/dev/null"}).out;
  const auto again = svc({"--check-config", "--config", (dir / "all.toml").string()});
  CHECK(again.status == 0);
  CHECK(again.err.empty());

  const auto odd = svc({"--print-config", "--config=/dev/null", "--data=a\tb\x7f\"\\\n"}).out;
  std::ofstream(dir / "odd.toml") << odd;
  const auto read = svc({"--print-config", "--config", (dir / "odd.toml").string()});
  CHECK(read.status == 0);
  const std::string kept = R"(data = "a\u0009b\u007f\"\\\u000a")";
  CHECK_THAT(odd, ContainsSubstring(kept));
  CHECK_THAT(read.out, ContainsSubstring(kept));
}

TEST_CASE("the password of a URL is shown to nobody") {
  const auto told = [](const std::string& url) {
    return svc({"--print-config", "--config=/dev/null", "--events=" + url}).out;
  };
  CHECK_THAT(told("amqp://shop:open%20sesame@broker:5672/backroom"),
             ContainsSubstring("events = \"amqp://shop:***@broker:5672/backroom\"  # --events"));
  CHECK_THAT(told("amqp://shop:sesame@broker"), !ContainsSubstring("sesame"));
  CHECK_THAT(told("amqp://shop@broker:5672"), ContainsSubstring("\"amqp://shop@broker:5672\""));
  CHECK_THAT(told("amqp://broker:5672/x"), ContainsSubstring("\"amqp://broker:5672/x\""));

  for (const std::string bad : {"--events=amqp://shop:ses:a/m@e@broker:x", "--event=amqp://shop:ses:a/m@e@broker",
                                "--registry=http://shop:ses:a/m@e@broker", "--threads=amqp://shop:ses:a/m@e@broker"}) {
    CAPTURE(bad);
    const auto refused = svc({"--check-config", "--config=/dev/null", bad});
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, !ContainsSubstring("ses") && !ContainsSubstring("m@e"));
  }
}

TEST_CASE("the configuration file that is delivered names every key with its default") {
  std::ifstream stream(SVC_SOURCE_DIR "/config/svc.toml");
  const std::string delivered{std::istreambuf_iterator<char>(stream), {}};
  CHECK(delivered == svc({"--print-config-template"}).out);
}

TEST_CASE("the OpenAPI document is the one that is committed") {
  std::ifstream stream(SVC_SOURCE_DIR "/tests/golden/openapi.json");
  const std::string golden{std::istreambuf_iterator<char>(stream), {}};
  // A change of the API: look at it, then `./svc openapi > tests/golden/openapi.json`.
  CHECK(golden == svc({"openapi"}).out);
}

TEST_CASE("the AsyncAPI document is the one that is committed") {
  std::ifstream stream(SVC_SOURCE_DIR "/tests/golden/asyncapi.json");
  const std::string golden{std::istreambuf_iterator<char>(stream), {}};
  // A change of an event: look at it, then `./svc asyncapi > tests/golden/asyncapi.json`.
  CHECK(golden == svc({"asyncapi"}).out);
}

TEST_CASE("a taken port is told, with status 1") {
  System system(whole);
  const TempDir dir;
  const auto taken = svc({"--role=user", "--data", dir.path().string(), "--config=/dev/null",
                          "--port.user=" + std::to_string(system.gateway())});
  CHECK(taken.status == 1);
  CHECK_THAT(taken.err, ContainsSubstring("cannot listen on 127.0.0.1:" + std::to_string(system.gateway()) +
                                          ": Address already in use"));
}

TEST_CASE("a data directory that cannot be written is told, with status 1") {
  const TempDir dir;
  std::ofstream(dir / "file") << "x";
  const auto bad = svc({"--data", (dir / "file" / "data").string(), "--config=/dev/null", "--port.gateway=0"});
  CHECK(bad.status == 1);
  CHECK_THAT(bad.err, ContainsSubstring((dir / "file").string()));
  const auto address = svc({"--data", dir.path().string(), "--config=/dev/null", "--host=192.0.2.1"});
  CHECK(address.status == 1);
  CHECK_THAT(address.err, ContainsSubstring("192.0.2.1"));
}

TEST_CASE("svc token prints the token alone, and makes the keys if there are none") {
  const TempDir dir;
  const auto made =
      svc({"token", "--subject", "joe", "--scope", "admin", "--ttl", "30d", "--data", (dir / "d").string()});
  CHECK(made.status == 0);
  CHECK(std::ranges::count(made.out, '\n') == 1);
  CHECK(std::ranges::count(made.out, '.') == 2);
  struct stat info{};
  REQUIRE(::stat((dir / "d" / "keys" / "signing-1.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--subject", "joe"},
                                              {"--scope", "admin"},
                                              {"--subject", "j", "--scope", "king"},
                                              {"--subject", "j", "--scope", "register:"},
                                              {"--subject", "j", "--scope", "register:a b"},
                                              {"--subject", "j", "--scope", "register:../x"},
                                              {"--subject", "j", "--scope", "admin register:x"},
                                              {"--subject", "j", "--scope", "admin", "--ttl", "soon"},
                                              {"--subject", "j", "--scope", "admin", "--ttl", "0s"},
                                              {"--subject", "j", "--scope", "admin", "--ttl", "9999d"}}) {
    auto words = bad;
    words.insert(words.begin(), "token");
    words.insert(words.end(), {"--data", (dir / "d").string()});
    CHECK(svc(words).status == 2);
  }
}

TEST_CASE("ports may be any free ones, and the ready line tells which") {
  const TempDir dir;
  Child child({svc_binary(), "--data", dir.path().string(), "--config=/dev/null", "--port.gateway=0",
               "--port.operations=0", "--port.registry=0"},
              dir / "log");
  const auto line = nlohmann::json::parse(child.first_line().value_or(""), nullptr, false);
  REQUIRE(line.is_object());
  CHECK(line["event"] == "ready");
  CHECK(line["ports"].size() == 3);
  CHECK(send(line["ports"]["operations"], "GET", "/health/ready").status == 200);
  CHECK(send(line["ports"]["gateway"], "GET", "/.well-known/jwks.json").status == 200);
  child.signal(SIGTERM);
  CHECK(child.wait() == 0);
  CHECK(child.rest().empty());
}

TEST_CASE("a stop is clean on SIGTERM and on SIGINT, and at once when asked twice") {
  for (const int signal : {SIGTERM, SIGINT}) {
    System system(whole);
    system.process("all").signal(signal);
    CHECK(system.process("all").wait() == 0);
  }
}

TEST_CASE("which ports are open follows from the role") {
  const TempDir dir;
  const auto ports_of = [&](std::vector<std::string> more) {
    std::vector<std::string> words{svc_binary(), "--data", dir.path().string(), "--config=/dev/null"};
    for (const auto* module : {"registry", "user", "order", "inventory", "payment", "gateway", "operations"})
      words.push_back(std::string("--port.") + module + "=0");
    words.insert(words.end(), more.begin(), more.end());
    Child child(words, dir / "log");
    const auto line = nlohmann::json::parse(child.first_line().value_or(""), nullptr, false);
    std::string names;
    for (const auto& [name, port] : line["ports"].items()) names += name + " ";
    return names;
  };
  CHECK(ports_of({}) == "gateway operations registry ");
  CHECK(ports_of({"--role=registry"}) == "registry ");
  CHECK(ports_of({"--role=gateway,registry"}) == "gateway operations registry ");
  CHECK(ports_of({"--expose"}) == "gateway inventory notification operations order payment registry user ");
  CHECK(ports_of({"--role=order"}) == "order ");
  CHECK(ports_of({"--role=user,order"}) == "order user ");
  CHECK(ports_of({"--role=gateway"}) == "gateway operations ");
  CHECK(ports_of({"--role=gateway,order"}) == "gateway operations ");
}

}  // namespace
