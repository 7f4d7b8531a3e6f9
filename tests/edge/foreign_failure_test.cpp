// What foreign services may do wrong, what their clients hear of it, and how much a client may ask.
#include <poll.h>

#include <fstream>

#include "edge/foreign.h"
#include "support/sanitized.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

const std::string open_route = route("/shop", "shop", "auth = \"none\"\nretry = \"never\"\ntimeout_ms = 600\n");
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string promises = [] {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "HTTP/1.1 102 Processing\r\n\r\n";
  return text;
}();

void expect_problem(const Reply& reply, int status, const std::string& code) {
  CHECK(reply.status == status);
  CHECK(reply.code() == code);
  CHECK(reply.header("content-type") == "application/problem+json");
  CHECK_THAT(reply.body, !ContainsSubstring("127.0.0.1"));
}

TEST_CASE("an answer that is none is told as 502, without an address") {
  const auto [name, answer] = GENERATE(table<std::string, std::string>(
      {{"nothing", ""},
       {"garbage", "\x16\x03\x01 what is this\r\n\r\n"},
       {"a head cut short", "HTTP/1.1 200"},
       {"a break in a value", ok + "X-A: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"},
       {"lines of LF alone", "HTTP/1.1 200 OK\nX-A: a\n\n"},
       {"two lengths", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
       {"a length and chunks", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
       {"another coding", ok + "Transfer-Encoding: gzip\r\n\r\n{}"},
       {"no status", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}"},
       {"promises without end", promises + ok + "Content-Length: 2\r\n\r\nok"},
       {"a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}}));
  CAPTURE(name);
  const std::string told = answer;
  ForeignService shop([&](Peer& peer, const std::string&) { return peer.send(told) && false; });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  expect_problem(edge.ask("GET", "/shop"), 502, "bad_answer");
}

TEST_CASE("a head without end is given up before it is large") {
  ForeignService shop([](Peer& peer, const std::string&) {
    const std::string field = "X-A: " + std::string(1'000, 'a') + "\r\n";
    peer.send(ok);
    for (int i = 0; i < 1'000'000 && peer.send(field); ++i) {
    }  // a gigabyte
    return false;
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  const long before = edge.peak_kib();
  expect_problem(edge.ask("GET", "/shop"), 502, "bad_answer");
  if (!sanitized) CHECK(edge.peak_kib() - before < 4 * 1024);
}

TEST_CASE("an answer that does not come, or comes a byte at a time, is told as 504") {
  const bool drips = GENERATE(false, true);
  CAPTURE(drips);
  ForeignService shop([&](Peer& peer, const std::string&) {
    if (drips)
      for (const char c : ok + "X-A: " + std::string(100'000, 'a')) {
        if (!peer.send(std::string_view(&c, 1))) return false;
        ::poll(nullptr, 0, 50);
      }
    return !peer.left();
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  expect_problem(edge.ask("GET", "/shop"), 504, "no_answer");
}

TEST_CASE("a service that nobody serves, or that does not listen, is told as 503") {
  Edge edge(open_route);
  const auto nobody = edge.ask("GET", "/shop");
  expect_problem(nobody, 503, "service_unavailable");
  CHECK(nobody.header("retry-after") == "1");
  edge.add("shop", free_port());
  expect_problem(edge.ask("GET", "/shop"), 503, "service_unavailable");
  expect_problem(edge.ask("POST", "/shop", "", "x"), 503, "service_unavailable");
}

TEST_CASE("what a service says is its own affair, as long as it is HTTP") {
  Saying answer;
  // It closes each connection without a word, perhaps just as that is used again: so what it is asked may be repeated.
  ForeignService shop([&](Peer& peer, const std::string&) { return peer.send(answer.now()) && false; });
  Edge edge(route("/shop", "shop", "auth = \"none\"\ntimeout_ms = 600\n"));
  edge.add("shop", shop.port());
  struct Row {
    std::string answer;
    int status;
    std::string body;
  };
  const std::vector<Row> rows{
      {ok + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{,", 200, "{,"},
      {"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", 500, "oops"},
      {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 429, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok",
       200, "ok"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"},
      {ok + "\r\nuntil the end", 200, "until the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 9\r\n\r\n", 304, ""},
      {ok + "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, "ok"}};
  for (const auto& row : rows) {
    CAPTURE(row.answer);
    answer = row.answer;
    const auto reply = edge.ask("GET", "/shop");
    CHECK(reply.status == row.status);
    CHECK(reply.body == row.body);
    if (row.status != 204 && row.status != 304) continue;
    for (const auto* name : {"transfer-encoding", "content-length"}) CHECK_FALSE(reply.headers.contains(name));
  }
  answer = ok + "Content-Length: 2\r\n\r\nokHTTP/1.1 299 Mine\r\nContent-Length: 0\r\n\r\n";  // nobody's answer
  CHECK(edge.ask("GET", "/shop").body == "ok");
  CHECK(edge.ask("GET", "/shop").status == 200);
}

TEST_CASE("a request that may be repeated goes to another copy, others are not sent twice") {
  std::atomic<int> heard{0};
  const auto breaks = [&](Peer&, const std::string&) {
    ++heard;
    return false;
  };
  ForeignService one(breaks), two(breaks);
  Edge edge(route("/shop", "shop", "auth = \"none\"\n") +
            route("/once", "shop", "auth = \"none\"\nretry = \"never\"\n"));
  edge.add("shop", one.port());
  edge.add("shop", two.port());
  const auto count = [&](const std::string& method, const std::string& path, const std::string& body) {
    heard = 0;
    CHECK(edge.ask(method, path, "", body).status == 502);
    return heard.load();
  };
  CHECK(count("GET", "/shop", "") > 1);
  CHECK(count("POST", "/shop", "") == 1);
  CHECK(count("PUT", "/shop", "x") == 1);
  CHECK(count("GET", "/once", "") == 1);
}

TEST_CASE("slow uploads keep others out of their places, and nobody else") {
  std::atomic<int> uploads{0};
  ForeignService shop([&](Peer& peer, const std::string& head) {
    if (head.starts_with("GET")) return peer.answer("ok");
    ++uploads;
    return peer.left() && false;
  });
  Edge edge(open_route, {"--resilience.bulkhead.concurrent=2", "--resilience.bulkhead.waiting=0"});
  edge.add("shop", shop.port());
  std::vector<Wire> slow;
  for (int i = 0; i < 2; ++i)
    slow.emplace_back(edge.gateway()).send("PUT /shop HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n{");
  REQUIRE(eventually([&] { return uploads == 2; }));
  expect_problem(edge.ask("PUT", "/shop", "", "x"), 503, "service_unavailable");
  for (int i = 0; i < 10; ++i) CHECK(edge.ask("GET", "/shop").status == 200);
}

TEST_CASE("a client that asks too much is told 429, and all are told how much is left") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"),
            {"--gateway.rate-limit.requests=3", "--gateway.rate-limit.window-seconds=600"});
  ForeignService shop([](Peer& peer, const std::string&) { return peer.answer("ok", "RateLimit-Limit: 9\r\n"); });
  edge.add("shop", shop.port());
  const auto first = edge.ask("GET", "/shop");
  CHECK(first.status == 200);
  CHECK(first.header("ratelimit-policy") == "\"default\";q=3;w=600");
  CHECK(first.header("ratelimit") == "\"default\";r=2;t=200");
  CHECK(first.header("ratelimit-limit") == "3");
  CHECK(first.header("ratelimit-remaining") == "2");
  CHECK(first.header("ratelimit-reset") == "200");
  CHECK(edge.ask("GET", "/items").status == 401);  // modules' routes count as well
  CHECK(edge.ask("GET", "/nothing").header("ratelimit-remaining") == "0");
  const auto refused = edge.ask("GET", "/shop");
  expect_problem(refused, 429, "rate_limited");
  CHECK(refused.header("retry-after") == "200");
  CHECK(refused.header("ratelimit") == "\"default\";r=0;t=200");
  CHECK(edge.ask("GET", "/shop", "Authorization: Bearer a.b.c\r\nX-Forwarded-For: 1.2.3.4\r\n").status == 429);
  // A user is one client wherever it asks from, and another one than its address.
  const auto user = "Authorization: Bearer " + edge.token("admin") + "\r\n";
  CHECK(edge.ask("GET", "/shop", user).header("ratelimit-remaining") == "2");
  Wire other(edge.gateway(), "127.0.0.2");
  other.send("GET /shop HTTP/1.1\r\nHost: h\r\n" + user + "\r\nGET /shop HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(other.reply().value().header("ratelimit-remaining") == "1");
  CHECK(other.reply().value().header("ratelimit-remaining") == "2");
}

TEST_CASE("without a limit nobody is told of one") {
  Edge edge("");
  const auto reply = edge.ask("GET", "/items");
  for (const auto* name : {"ratelimit", "ratelimit-policy", "ratelimit-limit"})
    CHECK_FALSE(reply.headers.contains(name));
}

TEST_CASE("what is wrong with routes is told with its place, all of it") {
  const TempDir dir;
  const auto file = (dir / "svc.toml").string();
  const auto faults = [&](const std::string& text) {
    std::ofstream(file) << text;
    const auto checked = run_command({svc_binary(), "--check-config", "--config", file});
    CHECK(checked.status == 2);
    return checked.err;
  };
  const std::vector<std::pair<std::string, std::string>> rows{
      {route("/shop", "shop", "colour = 1"), "unknown key gateway.routes.0.colour (" + file + ":4)"},
      {route("/shop", "shop", "timeout_ms = \"1\""),
       "gateway.routes.0.timeout_ms = 1: must be an integer (" + file + ":4)"},
      {route("/shop", "shop", "timeout_ms = 0"),
       "gateway.routes.0.timeout_ms = 0: must be 10 to 3600000 (" + file + ":4)"},
      {route("/shop", "shop", "auth = \"maybe\""),
       "gateway.routes.0.auth = maybe: must be one of required, optional, none (" + file + ":4)"},
      {route("/shop", "shop", "balance = \"fair\""), "gateway.routes.0.balance = fair: must be one of"},
      {route("/shop", "shop", "methods = \"get\""),
       "gateway.routes.0.methods = get: must be methods such as GET or POST"},
      {route("/shop", "shop", "methods = [\"TRACE\"]"), "gateway.routes.0.methods = TRACE: must be"},
      {route("/shop", "shop", "scope = \"king\""), "gateway.routes.0.scope = king: must be admin, customer or empty"},
      {route("/shop", "shop", "scope = \"admin\"\nauth = \"optional\""),
       "gateway.routes.0.scope = admin: must be empty"},
      {"[[gateway.routes]]\nservice = \"shop\"\n",
       "gateway.routes.0.prefix = : must be segments such as /shop or /shop/v2"},
      {"[[gateway.routes]]\nprefix = \"/shop\"\n", "(default in " + file + ":1)"},
      {route("shop", "shop"), "gateway.routes.0.prefix = shop: must be segments"},
      {route("/", "shop"), "gateway.routes.0.prefix = /: must be segments"},
      {route("/a/../b", "shop"), "gateway.routes.0.prefix = /a/../b: must be segments"},
      {route("/admin/x", "shop"), "/admin is reserved (" + file + ":2)"},
      {route("/internal", "shop"), "/internal is reserved"},
      {route("/health", "shop"), "/health is reserved"},
      {route("/openapi.json", "shop"), "/openapi.json is reserved"},
      {route("/items", "shop"),
       "gateway.routes.0.prefix = /items: must be another one: it hides a module's /items (" + file + ":2)"},
      {route("/users/export", "shop"), "it hides a module's /users/{id}"},
      {route("/shop", "user"), "gateway.routes.0.service = user: must be a foreign service"},
      {route("/shop", "shop") + route("/shop", "other"),
       "gateway.routes.1.prefix = /shop: must be another one: routes.0 has it, for the same methods (" + file + ":6)"},
      {route("/a", "shop") + route("/b", "shop", "balance = \"random\""),
       "gateway.routes.1.balance = random: must be as in routes.0"},
      {"[gateway]\nroutes = 3\n", "gateway.routes: must be tables, each under [[gateway.routes]] (" + file + ":2)"},
      {"[gateway.routes]\nprefix = \"/shop\"\n", "unknown key gateway.routes.prefix"}};
  for (const auto& [text, told] : rows) {
    CAPTURE(text);
    CHECK_THAT(faults(text), ContainsSubstring(told));
  }
  const auto both = faults(route("/shop", "shop", "colour = 1") + route("/admin", "other"));
  CHECK_THAT(both, ContainsSubstring("colour"));
}

TEST_CASE("the routes in force are printed, and what is printed is read as the same") {
  const TempDir dir;
  const auto file = (dir / "svc.toml").string(), again = (dir / "again.toml").string();
  std::ofstream(file) << route("/shop", "shop", "methods = [\"GET\", \"PUT\"]\n") +
                             route("/cart/v2", "cart", "strip = true\n");
  const auto printed = run_command({svc_binary(), "--print-config", "--config", file}).out;
  CHECK_THAT(printed, ContainsSubstring("[[gateway.routes]]\n") &&
                          ContainsSubstring("prefix = \"/cart/v2\"  # " + file + ":7\n") &&
                          ContainsSubstring("methods = \"GET,PUT\"  # " + file + ":4\n"));
  std::ofstream(again) << printed;
  const auto reread = run_command({svc_binary(), "--print-config", "--config", again});
  CHECK(reread.status == 0);
  CHECK_THAT(reread.out, ContainsSubstring("methods = \"GET,PUT\"") && ContainsSubstring("prefix = \"/cart/v2\""));
}

}  // namespace
