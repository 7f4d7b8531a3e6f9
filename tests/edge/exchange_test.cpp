// Requests and answers in turn: pipelining, persistence, Expect, HEAD, HTTP/1.0 and what every answer carries.
#include <ctime>

#include "support/catch.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;

const std::string json = "Content-Type: application/json\r\n";

std::string request(const std::string& method, const std::string& target, const std::string& id,
                    const std::string& fields = "", const std::string& body = "", const std::string& version = "1.1") {
  return method + " " + target + " HTTP/" + version + "\r\nHost: h\r\nX-Request-Id: " + id + "\r\n" + fields + "\r\n" +
         body;
}
std::string get(const std::string& id, const std::string& fields = "") { return request("GET", "/items", id, fields); }
std::string post(const std::string& id, const std::string& body) {
  return request("POST", "/users", id, json + "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}
// Extensions and trailers, which are read over (RFC 9112 sections 7.1.1 and 7.1.2).
std::string post_chunked(const std::string& id) {
  return request("POST", "/users", id, json + "Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n",
                 "1;a=b;c=\"d;e\"\r\n{\r\n001\r\n}\r\n0;last\r\nX-Sum: 7\r\nContent-Length: 900\r\n\r\n");
}

struct Asked {
  std::string bytes;
  int status;
  bool head = false;
};
// One of each kind. The last is answered late, and must not be overtaken by what follows it.
std::vector<Asked> one_of_each() {
  return {{get("0"), 401},
          {post("1", "{}"), 422},
          {post_chunked("2"), 422},
          {request("HEAD", "/openapi.json", "3"), 200, true},
          {request("POST", "/nothing", "4", "Content-Length: 0\r\n"), 404},
          {request("POST", "/users", "5", json + "Content-Length: 4\r\nExpect: 100-continue\r\n", "[1 ]"), 422},
          {request("POST", "/sessions", "6", json + "Content-Length: 44\r\n",
                   R"({"email":"a@example.com","password":"12345"})"),
           401}};
}
std::string text_of(const std::vector<Asked>& asked) {
  std::string text;
  for (const auto& each : asked) text += each.bytes;
  return text;
}
void expect_replies(Wire& wire, const std::vector<Asked>& asked) {
  for (std::size_t i = 0; i < asked.size(); ++i) {
    CAPTURE(i);
    auto reply = wire.reply(asked[i].head);
    while (reply && reply->status == 100) reply = wire.reply(asked[i].head);  // allowed, when the body is not there yet
    REQUIRE(reply);
    CHECK(reply->id() == std::to_string(i));
    CHECK(reply->status == asked[i].status);
    CHECK(reply->header("connection") == "keep-alive");
  }
  CHECK_FALSE(wire.readable());
}

TEST_CASE("pipelined requests in one segment are answered in order") {
  System system(whole);
  Wire wire(system.gateway());
  const auto asked = one_of_each();
  const auto again = asked;
  wire.send(text_of(asked) + text_of(again));
  std::vector<Reply> replies;
  for (int i = 0; i < 14; ++i) replies.push_back(wire.reply(i % 7 == 3).value());
  for (std::size_t i = 0; i < replies.size(); ++i) {
    CAPTURE(i);
    CHECK(replies[i].id() == std::to_string(i % 7));
    CHECK(replies[i].status == asked[i % 7].status);
  }
  CHECK_FALSE(wire.readable());

  Wire many(system.gateway());
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += get(std::to_string(i));
  many.send(text);
  many.finish();
  const auto answered = many.replies();
  REQUIRE(answered.size() == 1'000);
  for (std::size_t i = 0; i < answered.size(); ++i) CHECK(answered[i].id() == std::to_string(i));
}

TEST_CASE("where a segment ends changes nothing, at any byte") {
  for (const auto& placement : {whole, split}) {
    CAPTURE(name_of(placement));
    System system(placement);
    auto asked = one_of_each();
    asked.pop_back();  // a sign-in counts as a failure each time
    const auto text = text_of(asked);
    Wire wire(system.gateway());
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      CAPTURE(cut);
      wire.send(std::string_view(text).substr(0, cut));
      wire.await_read();
      wire.send(std::string_view(text).substr(cut));
      expect_replies(wire, asked);
    }
    wire.drip(text);
    expect_replies(wire, asked);
  }
}

TEST_CASE("a body is asked for with 100 when its sender waits, and only then") {
  System system(whole);
  const auto head = [](const std::string& target, const std::string& fields, const std::string& version = "1.1") {
    return request("POST", target, "x", json + "Expect: 100-Continue\r\n" + fields, "", version);
  };
  {
    Wire wire(system.gateway());
    for (const std::string framing : {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
      wire.send(head("/users", framing));
      const auto first = wire.reply();
      REQUIRE(first);
      CHECK(first->status == 100);
      CHECK(first->headers.empty());
      CHECK_FALSE(wire.readable());
      wire.send(framing.starts_with("C") ? "{}" : "2\r\n{}\r\n0\r\n\r\n");
      CHECK(wire.reply()->status == 422);
    }
    wire.send(head("/users", "Content-Length: 2\r\n") + "{}");  // the body is there
    CHECK(wire.reply()->status == 422);
    wire.send(head("/users", ""));  // there is none
    CHECK(wire.reply()->status == 400);
    wire.send(get("last", "Connection: close\r\n"));
    CHECK(wire.replies().size() == 1);
  }
  // What is refused by its head alone is refused before its body has come, and the connection ends: the sender may
  // send the body or not.
  const std::vector<std::pair<std::string, int>> refused{{head("/nothing", "Content-Length: 2\r\n"), 404},
                                                         {head("/orders", "Content-Length: 2\r\n"), 401},
                                                         {head("/items", "Content-Length: 2\r\n"), 405},
                                                         {head("/users", "Content-Length: 9000000\r\n"), 413}};
  for (const auto& [bytes, status] : refused) {
    CAPTURE(bytes);
    Wire wire(system.gateway());
    wire.send(bytes);
    const auto reply = wire.reply();
    REQUIRE(reply);
    CHECK(reply->status == status);
    CHECK(reply->header("connection") == "close");
    CHECK(wire.ends());
  }
  Wire old(system.gateway());  // HTTP/1.0 knows no 100
  old.send(head("/users", "Content-Length: 2\r\n", "1.0"));
  old.await_read();
  old.send("{}");
  CHECK(old.reply()->status == 422);
}

TEST_CASE("HEAD is GET without the content") {
  System system(whole);
  Wire wire(system.gateway());
  for (const std::string target : {"/openapi.json", "/items", "/nothing", "/users/x?y", "/.well-known/jwks.json"}) {
    CAPTURE(target);
    wire.send(request("GET", target, "x") + request("HEAD", target, "x"));
    auto got = wire.reply().value();
    auto head = wire.reply(true).value();
    got.headers.erase("date");
    head.headers.erase("date");
    CHECK(head.status == got.status);
    CHECK(head.headers == got.headers);
    CHECK(std::to_string(got.body.size()) == head.header("content-length"));
    CHECK_FALSE(wire.readable());
  }
}

TEST_CASE("a connection is kept or ended as its client asks") {
  System system(whole);
  struct Row {
    std::string version, connection;
    bool kept;
  };
  const std::vector<Row> rows{{"1.1", "", true},
                              {"1.1", "Connection: keep-alive\r\n", true},
                              {"1.1", "Connection: close\r\n", false},
                              {"1.1", "Connection: X-A,CLOSE\r\n", false},
                              {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
                              {"1.0", "", false},
                              {"1.0", "Connection: Keep-Alive\r\n", true},
                              {"1.0", "Connection: close, keep-alive\r\n", false}};
  for (const auto& row : rows) {
    CAPTURE(row.version, row.connection);
    Wire wire(system.gateway());
    wire.send(request("GET", "/openapi.json", "1", row.connection, "", row.version) +
              get("2", "Connection: close\r\n"));
    const auto replies = wire.replies();
    REQUIRE(replies.size() == (row.kept ? 2 : 1));
    CHECK(replies[0].status == 200);
    CHECK(replies[0].header("connection") == (row.kept ? "keep-alive" : "close"));
    CHECK(replies[0].body.size() > 10'000);
  }
  Wire nameless(system.gateway());  // HTTP/1.0 has no Host
  nameless.send("GET /openapi.json HTTP/1.0\r\n\r\n");
  CHECK(nameless.replies().at(0).status == 200);
}

TEST_CASE("a client that has said all it will is answered") {
  System system(whole);
  Wire wire(system.gateway());
  wire.send(post("1", "{}") + get("2"));
  wire.finish();
  CHECK(wire.replies().size() == 2);

  // What ends in the middle is not a request.
  for (const std::string part : {"", "GET /items HTT", "GET /items HTTP/1.1\r\nHost: h\r\n"}) {
    CAPTURE(part);
    Wire cut(system.gateway());
    cut.send(part);
    cut.finish();
    CHECK(cut.replies().empty());
  }
  Wire body(system.gateway());
  body.send(request("POST", "/users", "x", json + "Content-Length: 3\r\n", "{}"));
  body.finish();
  const auto replies = body.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].status == 400);
  CHECK(replies[0].code() == "body_cut_short");
}

TEST_CASE("every answer carries a date and an id, and refusals are problem documents") {
  System system(whole, {"--http.server.header-timeout-ms=200"});
  const std::vector<std::pair<std::string, int>> rows{
      {request("GET", "/openapi.json", "x"), 200},
      {get("x"), 401},
      {request("GET", "/nothing", "x"), 404},
      {request("DELETE", "/items", "x"), 405},
      {"GET /items HTTP/1.1\r\nHost", 408},
      {request("POST", "/users", "x", json + "Content-Length: 9999999\r\n"), 413},
      {"GET /" + std::string(10'000, 'x'), 414},
      {request("POST", "/users", "x", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), 415},
      {request("POST", "/users", "x", json + "Content-Encoding: br\r\nContent-Length: 2\r\n", "{}"), 415},
      {get("x", "Expect: nothing\r\n"), 417},
      {post("x", "{}"), 422},
      {get("x", "X-A: " + std::string(40'000, 'x') + "\r\n"), 431},
      {request("POST", "/users", "x", "Transfer-Encoding: gzip\r\n"), 501},
      {"GET /items HTTP/3.0\r\nHost: h\r\n\r\n", 505}};
  for (const auto& [bytes, status] : rows) {
    CAPTURE(status);
    Wire wire(system.gateway());
    wire.send(bytes);
    const auto reply = wire.reply();
    REQUIRE(reply);
    CHECK(reply->status == status);
    CHECK_FALSE(reply->id().empty());
    std::tm date{};
    const auto text = reply->header("date");
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    REQUIRE(end != nullptr);
    CHECK(*end == '\0');
    CHECK(std::abs(std::difftime(::timegm(&date), std::time(nullptr))) <= 60);
    if (status == 200) continue;
    CHECK(reply->header("content-type") == "application/problem+json");
    CHECK_FALSE(reply->code().empty());
  }
}

}  // namespace
