// Routes to foreign services: which of them a request takes, who may take it, and what is said on the way.
#include "edge/foreign.h"

#include <nlohmann/json.hpp>

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

// Answers with what it was asked.
bool tell(Peer& peer, const std::string& head) {
  const auto length = field_of(head, "Content-Length");
  std::string body;
  while (!length.empty() && body.size() < std::stoul(length)) body += peer.bytes();
  const auto line = head.substr(0, head.find("\r\n"));
  return peer.answer(line.starts_with("HEAD") ? "" : head + body);
}
std::string target_of(const Reply& reply) { return reply.body.substr(0, reply.body.find(" HTTP/1.1\r\n")); }

TEST_CASE("the longest prefix wins, by whole segments, and a method without a route is told which there are") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\nmethods = [\"GET\", \"POST\"]\n") +
            route("/shop/admin", "back", "auth = \"none\"\nstrip = true\n") +
            route("/cart", "shop", "auth = \"none\"\nmethods = \"GET\"\n") +
            route("/cart", "back", "auth = \"none\"\nmethods = \"PUT\"\n"));
  ForeignService shop([](Peer& peer, const std::string& head) { return tell(peer, head + "X-Is: shop\r\n"); });
  ForeignService back([](Peer& peer, const std::string& head) { return tell(peer, head + "X-Is: back\r\n"); });
  edge.add("shop", shop.port());
  edge.add("back", back.port());
  struct Row {
    std::string method, target;
    int status;
    std::string service, told;
  };
  const std::vector<Row> rows{
      {"GET", "/shop", 200, "shop", "GET /shop"},
      {"GET", "/shop/", 200, "shop", "GET /shop/"},
      {"GET", "/shop?a=%2F..&b", 200, "shop", "GET /shop?a=%2F..&b"},
      {"POST", "/shop/a%2Fb/c", 200, "shop", "POST /shop/a%2Fb/c"},
      {"GET", "/shop/administrators", 200, "shop", "GET /shop/administrators"},
      {"GET", "/shop/admin", 200, "back", "GET /"},
      {"GET", "/shop/admin?x=1", 200, "back", "GET /?x=1"},
      {"DELETE", "/shop/admin/a/b?x", 200, "back", "DELETE /a/b?x"},
      {"GET", "/shop/%61dmin/a", 200, "back", "GET /a"},
      {"PURGE", "/shop/admin/a", 200, "back", "PURGE /a"},
      {"OPTIONS", "/shop/admin", 200, "back", "OPTIONS /"},
      {"GET", "http://evil.example/shop/x", 200, "shop", "GET /shop/x"},
      {"GET", "/cart", 200, "shop", "GET /cart"},
      {"PUT", "/cart", 200, "back", "PUT /cart"},
      {"DELETE", "/shop/x", 405, "", ""},
      {"POST", "/cart", 405, "", ""},
      {"GET", "/shopping", 404, "", ""},
      {"GET", "/Shop", 404, "", ""},
      {"GET", "/shop%2Fadmin", 404, "", ""},
      {"GET", "/items", 401, "", ""},  // a module's
      {"GET", "/", 404, "", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.method, row.target);
    const auto reply = edge.ask(row.method, row.target);
    CHECK(reply.status == row.status);
    if (row.status != 200) continue;
    CHECK(target_of(reply) == row.told);
    CHECK_THAT(reply.body, ContainsSubstring("X-Is: " + row.service));
  }
  CHECK(edge.ask("DELETE", "/shop/x").header("allow") == "GET, HEAD, POST");
  CHECK(edge.ask("POST", "/cart").header("allow") == "GET, HEAD, PUT");
  CHECK(edge.ask("HEAD", "/cart").status == 200);
  CHECK(edge.ask("HEAD", "/shop").header("content-length") == "0");
}

TEST_CASE("a path that services could read in other ways reaches none") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  for (const std::string path : {"/shop/../x", "/shop/./x", "/shop/%2e%2e/x", "/shop/.%2E", "/shop//x",
                                 "/shop/a%2f..%2fb", "/shop/a%5c..%5cb", "/shop/%zz", "/shop/%00"}) {
    CAPTURE(path);
    const auto reply = edge.ask("GET", path);
    CHECK(reply.status == 400);
    CHECK(reply.code() == "bad_path");
  }
  CHECK(shop.asked() == 0);
  CHECK(edge.ask("GET", "/shop/a..b/...").status == 200);
}

TEST_CASE("no other reading of a path leads past the route it belongs to") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n") + route("/shop/private", "shop") +
            route("/shop/one/two", "shop"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  for (const std::string path :
       {"/shop/private%2fx", "/shop/private%2F", "/shop/private%5cx", "/shop/%2fprivate", "/shop/pri%76ate%2fx",
        "/shop/private;x", "/shop/private;", "/shop/private;x=1/y", "/shop/private%3bx", "/shop/pri%76ate;x",
        "/shop/;x/private", "/shop/..;/private", "/shop/..%3bx/private", "/shop/one%2ftwo", "/shop/one;a/two;b",
        "/shop/one;a%2fb/two", "/shop/one%3ba%2ftwo"}) {
    CAPTURE(path);
    const auto reply = edge.ask("GET", path);
    CHECK(reply.status == 400);
    CHECK(reply.code() == "bad_path");
  }
  for (const std::string path : {"/shop;x/private", "/shop%2fprivate"}) CHECK(edge.ask("GET", path).status == 404);
  CHECK(shop.asked() == 0);
  for (const std::string path : {"/shop/a%2Fprivate", "/shop/a;private", "/shop/a;v=1/b%2Fc", "/shop/privately%2fx",
                                 "/shop/one;a", "/shop/two%2Fone"})
    CHECK(target_of(edge.ask("GET", path)) == "GET " + path);
  const auto token = "Authorization: Bearer " + edge.token("admin") + "\r\n";
  CHECK(target_of(edge.ask("GET", "/shop/private/a%2fb;c", token)) == "GET /shop/private/a%2fb;c");
}

TEST_CASE("who may take a route, and what the service hears of it") {
  Edge edge(route("/must", "shop") + route("/may", "shop", "auth = \"optional\"\n") +
            route("/any", "shop", "auth = \"none\"\n") + route("/ops", "shop", "scope = \"admin\"\n"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  const auto admin = "Authorization: Bearer " + edge.token("admin") + "\r\n";
  const auto program = "Authorization: Bearer " + edge.token("register:other") + "\r\n";
  const std::string bad = "Authorization: Bearer a.b.c\r\n", basic = "Authorization: Basic YTpi\r\n";
  const auto ask = [&](const std::string& path, const std::string& fields) { return edge.ask("GET", path, fields); };
  CHECK(ask("/must", "").status == 401);
  CHECK(ask("/must", "").header("www-authenticate") == "Bearer realm=\"svc\"");
  CHECK(ask("/must", bad).status == 401);
  CHECK(ask("/must", basic).status == 401);
  CHECK(ask("/may", bad).status == 401);
  CHECK(ask("/may", basic).status == 401);
  CHECK(ask("/may", basic + admin).status == 401);
  CHECK(ask("/may", "Authorization:\r\n").status == 401);
  CHECK(ask("/ops", "").status == 401);
  CHECK(ask("/ops", program).status == 403);
  CHECK(shop.asked() == 0);
  CHECK_THAT(ask("/must", program).body, ContainsSubstring(program));
  CHECK_THAT(ask("/ops", admin).body, ContainsSubstring(admin));
  CHECK_THAT(ask("/may", admin).body, ContainsSubstring(admin));
  CHECK_THAT(ask("/may", "").body, !ContainsSubstring("Authorization"));
  for (const auto& shown : {admin, bad, basic}) {
    const auto reply = ask("/any", shown);
    CHECK(reply.status == 200);
    CHECK_THAT(reply.body, !ContainsSubstring("Authorization"));
  }
  // A second one is not smuggled past the first.
  CHECK_THAT(ask("/must", admin + bad).body, !ContainsSubstring("a.b.c"));
}

TEST_CASE("a foreign service hears the way from the gateway alone, and nothing that concerns one connection") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\nstrip = true\n"));
  ForeignService shop([](Peer& peer, const std::string& head) {
    return peer.answer(head,
                       "Connection: close, X-Gone\r\nX-Gone: 1\r\nKeep-Alive: 5\r\nX-Kept: 1\r\nVia: 1.0 cache\r\n"
                       "Proxy-Authenticate: x\r\nTrailer: x\r\nX-Request-Id: theirs\r\nDate: never\r\n");
  });
  edge.add("shop", shop.port());
  const auto reply = edge.ask(
      "GET", "/shop/x",
      "X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: evil\r\n"
      "x-forwarded-prefix: evil\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-User-Id: evil\r\nx_user_id: "
      "evil\r\n"
      "X-Svc-Cluster: evil\r\nX-Role: evil\r\nX-Auth-User: evil\r\nVia: 1.1 front\r\nConnection: X-Hop, keep-alive\r\n"
      "X-Hop: evil\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: evil\r\nCookie: a=b\r\nAccept: x\r\n"
      "X-Request-Id: mine-1\r\n");
  CHECK(reply.status == 200);
  const auto& head = reply.body;
  CAPTURE(head);
  CHECK(head.starts_with("GET /x HTTP/1.1\r\n"));
  CHECK(field_of(head, "Host") == "127.0.0.1:" + std::to_string(shop.port()));
  CHECK(field_of(head, "Via") == "1.1 front, 1.1 svc");
  CHECK(field_of(head, "Forwarded") == "for=127.0.0.1;host=\"shop.example:8000\";proto=http");
  CHECK(field_of(head, "X-Forwarded-For") == "127.0.0.1");
  CHECK(field_of(head, "X-Forwarded-Proto") == "http");
  CHECK(field_of(head, "X-Forwarded-Host") == "shop.example:8000");
  CHECK(field_of(head, "X-Forwarded-Prefix") == "/shop");
  CHECK(field_of(head, "X-Request-Id") == "mine-1");
  CHECK(field_of(head, "Cookie") == "a=b");
  CHECK(field_of(head, "Accept") == "x");
  for (const std::string gone : {"evil", "6.6.6.6", "Keep-Alive", "TE:", "X-Svc", "Proxy-", "X-Hop"})
    CHECK_THAT(head, !ContainsSubstring(gone));
  CHECK(reply.header("via") == "1.0 cache, 1.1 svc");
  CHECK(reply.header("x-kept") == "1");
  CHECK(reply.id() == "mine-1");
  CHECK(reply.header("date") != "never");
  for (const auto* gone : {"x-gone", "keep-alive", "proxy-authenticate", "trailer"})
    CHECK_FALSE(reply.headers.contains(gone));
  CHECK(edge.ask("GET", "/shop/x", "Via: 1.1 svc, 1.1 svc\r\n").status == 200);
  CHECK(edge.ask("GET", "/shop/x", "Via: 1.1 svc, 1.1 a\r\nVia: 1.1 svc,1.1 svc\r\n").status == 508);
}

TEST_CASE("a foreign service is told which trace a request is part of, with the gateway's span as its parent") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  const auto told = [&](const std::string& fields) {
    const auto head = edge.ask("GET", "/shop", fields).body;
    const auto first = head.find("traceparent: ");
    CHECK(head.find("traceparent: ", first + 1) == std::string::npos);
    return field_of(head, "traceparent");
  };
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-";
  const auto own = told("traceparent: " + trace + "b7ad6b7169203331-00\r\ntracestate: a=b\r\n");
  CHECK(own.starts_with(trace));
  CHECK(own.ends_with("-00"));
  CHECK(own.size() == 55);
  CHECK_THAT(own, !ContainsSubstring("b7ad6b7169203331"));
  const std::string theirs = "traceparent: " + trace + "b7ad6b7169203331-01\r\n";
  CHECK(field_of(edge.ask("GET", "/shop", theirs + "tracestate: a=b\r\n").body, "tracestate") == "a=b");
  // Which of two is meant nobody can tell; and what others noted is of another trace then.
  const auto twice = edge.ask("GET", "/shop", theirs + theirs + "tracestate: a=b\r\n").body;
  CHECK_THAT(twice, !ContainsSubstring(trace) && !ContainsSubstring("tracestate"));
  CHECK(told("X-Request-Id: 0190a0a0-1111-7222-8333-444444444444\r\n")
            .starts_with("00-0190a0a0111172228333444444444444-"));
  const auto made = told("traceparent: nonsense\r\nX-Request-Id: mine\r\n");
  CHECK(made.size() == 55);
  CHECK(made.starts_with("00-"));
}

TEST_CASE("no field by which some server knows its user, its client or its request passes, in any spelling") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  for (const std::string name : {"Remote-User",
                                 "Remote-Addr",
                                 "X-Remote-User",
                                 "X-Remote-IP",
                                 "X-Client-IP",
                                 "X-Client-Cert",
                                 "True-Client-IP",
                                 "CF-Connecting-IP",
                                 "X-Cluster-Client-IP",
                                 "X-Original-URL",
                                 "X-Original-Host",
                                 "X-Rewrite-URL",
                                 "X-Forwarded",
                                 "X-Host",
                                 "X-Scheme",
                                 "Front-End-Https",
                                 "Proxy",
                                 "X-HTTP-Method",
                                 "X-HTTP-Method-Override",
                                 "X-Method-Override",
                                 "X-Subject",
                                 "X-Admin",
                                 "X-Groups",
                                 "X-Roles",
                                 "X-Auth-Email",
                                 "X-Authenticated-User",
                                 "remote-user",
                                 "PROXY",
                                 "Remote_User",
                                 "X_Method_Override",
                                 "X-Kept_Not",
                                 "Content_Length",
                                 "_"}) {
    CAPTURE(name);
    CHECK_THAT(edge.ask("GET", "/shop", name + ": evil\r\n").body, !ContainsSubstring("evil"));
  }
  for (const std::string name : {"X-Hostess", "X-Schemes", "X-Subjects", "X-HTTP-Methods", "X-Api-Key", "Remote"}) {
    CAPTURE(name);
    CHECK(field_of(edge.ask("GET", "/shop", name + ": kept\r\n").body, name) == "kept");
  }
}

TEST_CASE("a redirect is the client's to follow, and its cookies are its own") {
  ForeignService elsewhere(tell);
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"));
  const auto location = "http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/x";
  ForeignService shop([&](Peer& peer, const std::string&) {
    return peer.answer("", "Location: " + location + "\r\nSet-Cookie: a=b; Path=/\r\n", "302 Found");
  });
  edge.add("shop", shop.port());
  const auto reply = edge.ask("GET", "/shop");
  CHECK(reply.status == 302);
  CHECK(reply.header("location") == location);
  CHECK(reply.header("set-cookie") == "a=b; Path=/");
  CHECK(elsewhere.asked() == 0);
}

TEST_CASE("another protocol, a tunnel and a trace are refused in words") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\n"));
  ForeignService shop(tell);
  edge.add("shop", shop.port());
  const auto websocket = edge.ask("GET", "/shop", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  CHECK(websocket.status == 501);
  CHECK(websocket.code() == "upgrade_not_forwarded");
  for (const std::string method : {"TRACE", "CONNECT"}) {
    const auto refused = edge.ask(method, "/shop");
    CHECK(refused.status == 501);
    CHECK(refused.code() == "method_not_forwarded");
  }
  CHECK(shop.asked() == 0);
  const auto plain =
      edge.ask("GET", "/shop", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n");
  CHECK(plain.status == 200);  // who offers HTTP/2 goes on without it
  CHECK_THAT(plain.body, !ContainsSubstring("h2c") && !ContainsSubstring("HTTP2"));
}

TEST_CASE("two copies share the requests, and no GET fails when one of them is killed") {
  Edge edge(route("/shop", "shop", "auth = \"none\"\nbalance = \"round_robin\"\n"));
  std::atomic<bool> dying{false};
  std::atomic<int> stuck{0};
  ForeignService one([&](Peer& peer, const std::string&) {
    if (!dying) return peer.answer("one");
    ++stuck;
    return !peer.left();
  });
  ForeignService two([](Peer& peer, const std::string&) { return peer.answer("two"); });
  edge.add("shop", one.port());
  edge.add("shop", two.port());
  std::map<std::string, int> answered;
  for (int i = 0; i < 100; ++i) ++answered[edge.ask("GET", "/shop").body];
  CHECK(answered["one"] == 50);
  CHECK(answered["two"] == 50);
  std::atomic<int> failed{0}, asked{0};
  dying = true;  // it takes requests, and answers none
  std::atomic<bool> over{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      while (!over) {
        if (edge.ask("GET", "/shop").status != 200) ++failed;
        ++asked;
      }
    });
  CHECK(eventually([&] { return stuck > 1; }));
  one.kill();
  const int before = asked;
  CHECK(eventually([&] { return asked > before + 200; }));
  over = true;
  for (auto& client : clients) client.join();
  CHECK(failed == 0);
}

}  // namespace
