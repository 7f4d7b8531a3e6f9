// What the gateway lets through, and what it answers itself.
#include "gateway/module.h"

#include "support/catch.h"
#include "support/world.h"

namespace svc::gateway {
namespace {

using http::Headers;
using http::Request;
using http::Response;

const Endpoint open_route{
    .verb = Verb::get, .path = "/open/{x}", .name = "o", .summary = "", .access = Access::anyone, .retry = Retry::read};
const Endpoint closed_route{.verb = Verb::post,
                            .path = "/closed",
                            .name = "c",
                            .summary = "",
                            .access = Access::signed_in,
                            .retry = Retry::never};

// Remembers what reached it.
class Recorder final : public Upstream {
 public:
  int asked = 0;
  std::vector<std::pair<std::string, std::string>> seen;
  Terms terms{};
  Task<Response> forward(Request& request, const Terms& on) override {
    ++asked;
    terms = on;
    seen.clear();
    for (const auto& field : request.headers) seen.emplace_back(field.name, field.value);
    return Response{200, "text/plain", "from upstream"};
  }
};

// Remembers what was sent, and answers as told.
class Wire final : public http::Transport {
 public:
  http::Outgoing sent;
  Result<Response> answer = Response{200};
  Task<Result<Response>> roundtrip(http::Outgoing request, Steady::time_point) override {
    sent = std::move(request);
    return Result<Response>(answer);
  }
};

struct Fixture {
  test::World world;
  Config config;
  Recorder upstream;
  http::Handler handler;
  void make_handler() {
    handler = make(config, {{open_route, &upstream}, {closed_route, &upstream}}, world.identify, "{}");
  }
  Response ask(const std::string& method, const std::string& path,
               std::vector<std::pair<std::string, std::string>> headers = {}) {
    if (!handler) make_handler();
    return world.run([&]() -> Task<Response> {
      Request request;
      request.method = method;
      request.path = request.target = path;
      request.peer_address = "192.0.2.7";
      request.request_id = "r-1";
      for (const auto& [name, value] : headers) request.headers.add(name, value);
      auto answering = handler(request);
      auto response = co_await answering;
      co_return response;
    });
  }
  std::string token(const std::string& id) { return "Bearer " + world.customer(id).caller->token; }
};

TEST_CASE("what clients may not say is taken off, in all spellings") {
  Fixture f;
  const std::vector<std::pair<std::string, std::string>> sent{{"Host", "h"},
                                                              {"Accept", "a"},
                                                              {"X-Custom", "c"},
                                                              {"Idempotency-Key", "k"},
                                                              {"Cookie", "s"},
                                                              // ours to say
                                                              {"X-Svc-Cluster", "x"},
                                                              {"x-svc-budget-ms", "1"},
                                                              {"X_Svc_Cluster", "x"},
                                                              {"X-User-Id", "u"},
                                                              {"x_user_id", "u"},
                                                              {"X-Authenticated-User", "u"},
                                                              {"X-Role", "admin"},
                                                              {"X-Roles", "admin"},
                                                              {"X-Forwarded-For", "1.2.3.4"},
                                                              {"X_Forwarded_For", "1.2.3.4"},
                                                              {"X-Forwarded-Host", "h"},
                                                              {"Forwarded", "for=1"},
                                                              {"X-Real-IP", "1"},
                                                              {"Via", "v"},
                                                              // of this connection only
                                                              {"Connection", "keep-alive, X-Hop"},
                                                              {"X-Hop", "1"},
                                                              {"Keep-Alive", "1"},
                                                              {"TE", "trailers"},
                                                              {"Upgrade", "h2c"},
                                                              {"Proxy-Authorization", "p"},
                                                              {"Transfer-Encoding", "chunked"},
                                                              {"Expect", "100-continue"}};
  CHECK(f.ask("GET", "/open/1", sent).status == 200);
  CHECK(f.upstream.seen ==
        std::vector<std::pair<std::string, std::string>>{
            {"Host", "h"}, {"Accept", "a"}, {"X-Custom", "c"}, {"Idempotency-Key", "k"}, {"Cookie", "s"}});
}

TEST_CASE("fields that Connection names go no further, however it names them") {
  Fixture f;
  const auto wire = std::make_shared<Wire>();
  const auto behind = upstream_behind(wire, "shop", f.world.cluster);
  f.handler = make(f.config, {{open_route, behind.get()}}, f.world.identify, "{}");
  for (const auto& connections : std::vector<std::vector<std::string>>{{"X-Hop"},
                                                                       {"close, x-hop"},
                                                                       {"close,\tX-Hop\t,"},
                                                                       {", ,X-Hop \t, close"},
                                                                       {"close", "X-Hop"},
                                                                       {"X-Hop", "close"}}) {
    CAPTURE(connections);
    std::vector<std::pair<std::string, std::string>> fields{{"X-Hop", "1"}, {"X-Kept", "2"}};
    for (const auto& value : connections) fields.emplace_back("Connection", value);
    wire->answer = Response{200, "text/plain", "", fields};
    const auto response = f.ask("GET", "/open/1", fields);
    CHECK(response.header("X-Hop").empty());
    CHECK(response.header("X-Kept") == "2");
    const std::map<std::string, std::string> sent(wire->sent.headers.begin(), wire->sent.headers.end());
    CHECK_FALSE(sent.contains("X-Hop"));
    CHECK(sent.contains("X-Kept"));
  }
}

TEST_CASE("nothing reaches an upstream without a route, and without a token where one is needed") {
  Fixture f;
  CHECK(f.ask("GET", "/internal/x").status == 404);
  CHECK(f.ask("GET", "/open").status == 404);
  CHECK(f.ask("DELETE", "/open/1").status == 405);
  CHECK(f.ask("POST", "/closed").status == 401);
  CHECK(f.ask("POST", "/closed", {{"Authorization", "Bearer a.b.c"}}).status == 401);
  CHECK(f.ask("POST", "/closed", {{"Authorization", "Basic x"}}).status == 401);
  CHECK(f.upstream.asked == 0);
  CHECK(f.ask("POST", "/closed", {{"Authorization", f.token("ann")}}).status == 200);
  CHECK(f.ask("GET", "/open/1", {{"Authorization", "Bearer stale"}}).status == 200);
  CHECK(f.upstream.asked == 2);
}

TEST_CASE("a prefix hides a path when a request could be meant for both") {
  struct Row {
    std::string prefix, path;
    bool hides;
  };
  for (const auto& row : std::vector<Row>{{"/items", "/items", true},
                                          {"/items", "/items/{sku}", true},
                                          {"/items/a", "/items/{sku}", true},
                                          {"/items/a/b", "/items/{sku}", false},
                                          {"/item", "/items", false},
                                          {"/items/a", "/items", false},
                                          {"/orders/1/cancel", "/orders/{id}/cancel", true},
                                          {"/orders/1/notes", "/orders/{id}/cancel", false}}) {
    CAPTURE(row.prefix, row.path);
    CHECK(shadows(row.prefix, row.path) == row.hides);
  }
}

TEST_CASE("cross-origin requests are off until configured") {
  Fixture f;
  const std::vector<std::pair<std::string, std::string>> preflight{{"Origin", "https://shop.example"},
                                                                   {"Access-Control-Request-Method", "POST"}};
  CHECK(f.ask("OPTIONS", "/closed", preflight).status == 405);
  CHECK(f.ask("GET", "/open/1", {{"Origin", "https://shop.example"}}).header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("configured origins may ask, others may not read the answer") {
  Fixture f;
  f.config.cors_origins = {"https://shop.example"};
  const auto allowed =
      f.ask("OPTIONS", "/closed", {{"Origin", "https://shop.example"}, {"Access-Control-Request-Method", "POST"}});
  CHECK(allowed.status == 204);
  CHECK(allowed.header("Access-Control-Allow-Origin") == "https://shop.example");
  CHECK(allowed.header("Vary") == "Origin");
  CHECK_THAT(std::string(allowed.header("Access-Control-Allow-Headers")),
             Catch::Matchers::ContainsSubstring("Idempotency-Key"));
  const auto foreign =
      f.ask("OPTIONS", "/closed", {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}});
  CHECK(foreign.header("Access-Control-Allow-Origin").empty());
  CHECK(f.ask("GET", "/open/1", {{"Origin", "https://shop.example"}}).header("Access-Control-Allow-Origin") ==
        "https://shop.example");
  CHECK(f.ask("GET", "/nothing", {{"Origin", "https://shop.example"}}).header("Access-Control-Allow-Origin") ==
        "https://shop.example");
  CHECK(f.ask("GET", "/open/1", {{"Origin", "https://evil.example"}}).header("Access-Control-Allow-Origin").empty());
}

TEST_CASE("a module behind HTTP hears who asks from the gateway, and the client hears nothing of the way") {
  Fixture f;
  const auto wire = std::make_shared<Wire>();
  wire->answer = Response{201,
                          "application/json",
                          "{}",
                          {{"Location", "/x/1"},
                           {"Connection", "X-Hop"},
                           {"X-Hop", "1"},
                           {"Date", "d"},
                           {"Content-Length", "2"},
                           {"X-Request-Id", "theirs"},
                           {"Retry-After", "3"}}};
  const auto behind = upstream_behind(wire, "shop", f.world.cluster);
  f.handler = make(f.config, {{closed_route, behind.get()}}, f.world.identify, "{}");
  const auto response = f.ask(
      "POST", "/closed",
      {{"Authorization", f.token("ann")}, {"Host", "h"}, {"X-Forwarded-For", "6.6.6.6"}, {"X-Svc-Cluster", "forged"}});
  CHECK(response.status == 201);
  CHECK(response.headers ==
        std::vector<std::pair<std::string, std::string>>{{"Location", "/x/1"}, {"Retry-After", "3"}});
  std::multimap<std::string, std::string> sent(wire->sent.headers.begin(), wire->sent.headers.end());
  CHECK(sent.count("X-Forwarded-For") == 1);
  CHECK(sent.find("X-Forwarded-For")->second == "192.0.2.7");
  CHECK(sent.find("X-Request-Id")->second == "r-1");
  CHECK(sent.count("X-Svc-Cluster") == 1);
  CHECK(f.world.cluster.verify(sent.find("X-Svc-Cluster")->second) == http::gateway_name);
  CHECK(sent.count("Host") == 0);
  CHECK_FALSE(wire->sent.repeatable);
}

TEST_CASE("what is passed on may be repeated only as its operation allows, and takes a body only where it has one") {
  Fixture f;
  CHECK(f.ask("GET", "/open/1").status == 200);
  CHECK(f.upstream.terms.repeatable);
  CHECK_FALSE(f.upstream.terms.takes_body);
  CHECK(f.ask("POST", "/closed", {{"Authorization", f.token("ann")}, {"Idempotency-Key", "k"}}).status == 200);
  CHECK_FALSE(f.upstream.terms.repeatable);  // it does not know the key
  CHECK(f.upstream.terms.takes_body);
  CHECK(f.upstream.terms.deadline < Steady::now() + seconds{11});
  CHECK(f.ask("GET", "/open/1", {{"Prefer", "wait=20"}}).status == 200);
  CHECK(f.upstream.terms.deadline > Steady::now() + seconds{20});
}

TEST_CASE("an answer to HEAD tells the length of the body that stayed behind") {
  Fixture f;
  const auto wire = std::make_shared<Wire>();
  wire->answer = Response{200, "application/json", "", {{"Content-Length", "91"}}};
  const auto behind = upstream_behind(wire, "shop", f.world.cluster);
  f.handler = make(f.config, {{open_route, behind.get()}}, f.world.identify, "{}");
  CHECK(f.ask("HEAD", "/open/1").head_length == 91);
  CHECK_FALSE(f.ask("GET", "/open/1").head_length);
}

TEST_CASE("a module that does not answer is told as 503 or 504, without its address") {
  Fixture f;
  const auto wire = std::make_shared<Wire>();
  const auto behind = upstream_behind(wire, "shop", f.world.cluster);
  f.handler = make(f.config, {{open_route, behind.get()}}, f.world.identify, "{}");
  wire->answer = fail(Code::unavailable, "unreachable", "Nothing answers at 10.0.0.1:3002");
  const auto away = f.ask("GET", "/open/1");
  CHECK(away.status == 503);
  CHECK(away.header("Retry-After") == "1");
  CHECK_THAT(away.body, Catch::Matchers::ContainsSubstring("shop cannot be reached now"));
  CHECK_THAT(away.body, !Catch::Matchers::ContainsSubstring("10.0.0.1"));
  wire->answer = fail(Code::timeout, "no_answer", "");
  CHECK(f.ask("GET", "/open/1").status == 504);
}

TEST_CASE("the gateway's own token opens nothing that is for services") {
  Fixture f;
  const auto call_with = [&](const std::string& service) {
    return f.world.run([&]() -> Task<Result<Call>> {
      Request request;
      const auto token = f.world.cluster.token(service);
      request.headers.add("X-Svc-Cluster", token);
      request.headers.add("X-Forwarded-For", "192.0.2.9");
      request.headers.add("X-Svc-Budget-Ms", "50");
      request.peer_address = "127.0.0.1";
      auto identifying = f.world.identify(request, false);
      auto call = co_await identifying;
      co_return call;
    });
  };
  CHECK_FALSE(call_with("gateway")->from_service);
  CHECK(call_with("order")->from_service);
  CHECK(call_with("gateway")->origin->client_address == "192.0.2.9");
  CHECK(call_with("order")->deadline < Steady::now() + std::chrono::milliseconds{60});
}

TEST_CASE("without a cluster token no word about client, time or service is believed") {
  Fixture f;
  const auto call = f.world.run([&]() -> Task<Result<Call>> {
    Request request;
    request.headers.add("X-Svc-Cluster", "forged");
    request.headers.add("X-Forwarded-For", "192.0.2.9");
    request.headers.add("X-Svc-Budget-Ms", "50");
    request.peer_address = "127.0.0.1";
    auto identifying = f.world.identify(request, false);
    auto result = co_await identifying;
    co_return result;
  });
  CHECK_FALSE(call->from_service);
  CHECK(call->origin->client_address == "127.0.0.1");
  CHECK(call->deadline > Steady::now() + seconds{5});
}

}  // namespace
}  // namespace svc::gateway
