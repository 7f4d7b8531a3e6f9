// Each limit is met with its status, and what is just within it is served.
#include "support/catch.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const std::string close = "Connection: close\r\n\r\n";

// The one answer to `bytes`, behind which the connection ends.
Reply only_reply(int port, const std::string& bytes) {
  Wire wire(port);
  wire.send(bytes);
  auto replies = wire.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].header("connection") == "close");
  return replies[0];
}
int status_of(int port, const std::string& bytes) { return only_reply(port, bytes).status; }

// A request line of `size` bytes, its CR LF included.
std::string line_of(std::size_t size) { return "GET /" + std::string(size - 16, 'a') + " HTTP/1.1\r\n"; }

TEST_CASE("a request line may have 8 KiB") {
  System system(whole);
  const int port = system.gateway();
  REQUIRE(line_of(8192).size() == 8192);
  CHECK(status_of(port, line_of(8192) + "Host: h\r\n" + close) == 404);
  CHECK(status_of(port, line_of(8192 + 2) + "Host: h\r\n" + close) == 414);
  CHECK(status_of(port, "GET /" + std::string(8192, 'a')) == 414);  // it has not ended, and need not
  CHECK(status_of(port, std::string(8193, 'a')) == 414);
  CHECK(status_of(port, "GET /" + std::string(2'000'000, 'a') + host + close) == 414);
}

TEST_CASE("a header block may have 32 KiB and 100 fields") {
  for (const auto& placement : {whole, split}) {
    CAPTURE(name_of(placement));
    System system(placement);
    const int port = system.gateway();
    // `count` fields, all in all `size` bytes with the empty line at the end.
    const auto with = [](int count, std::size_t size) {
      std::string fields = "Host: h\r\nConnection: close\r\n";
      for (int i = 2; i < count - 1; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
      const std::string last = "X-Last: \r\n\r\n";
      fields +=
          "X-Last: " + std::string(size > fields.size() + last.size() ? size - fields.size() - last.size() : 0, 'a') +
          "\r\n\r\n";
      return fields;
    };
    // A route that anyone may ask, answered by a module: behind another hop where the system is split.
    const std::string line = "GET /.well-known/jwks.json HTTP/1.1\r\n";
    CHECK(status_of(port, line + with(100, 0)) == 200);
    CHECK(status_of(port, line + with(101, 0)) == 431);
    CHECK(status_of(port, line + with(1'000, 0)) == 431);
    CHECK(status_of(port, line + with(4, 32 * 1024)) == 200);
    CHECK(status_of(port, line + with(100, 32 * 1024)) == 200);
    CHECK(status_of(port, line + with(4, 32 * 1024 + 3)) == 431);
    CHECK(status_of(port, line + "Host: h\r\nX: " + std::string(32 * 1024, 'a')) == 431);  // it has not ended
    CHECK(status_of(port, line + with(100'000, 0)) == 431);
    CHECK(status_of(port, line + with(4, 5'000'000)) == 431);
  }
}

TEST_CASE("a body may have 1 MiB") {
  for (const auto& placement : {whole, split}) {
    CAPTURE(name_of(placement));
    System system(placement);
    const int port = system.gateway();
    const std::string post = "POST /users" + host + "Content-Type: application/json\r\nConnection: close\r\n";
    const auto sized = [&](std::size_t size, std::size_t sent) {
      return post + "Content-Length: " + std::to_string(size) + "\r\n\r\n{}" + std::string(sent - 2, ' ');
    };
    const auto chunked = [&](std::size_t size, std::size_t chunk, const std::string& end) {
      std::string text = post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
      std::array<char, 20> digits{};
      for (std::size_t left = size - 2; left > 0;) {
        const auto now = std::min(left, chunk);
        std::snprintf(digits.data(), digits.size(), "%zx\r\n", now);
        text += digits.data() + std::string(now, ' ') + "\r\n";
        left -= now;
      }
      return text + end;
    };
    constexpr std::size_t limit = 1024 * 1024;
    const std::string end = "0\r\n\r\n";
    CHECK(only_reply(port, sized(limit, limit)).code() == "rule_broken");
    CHECK(status_of(port, sized(limit + 1, limit + 1)) == 413);
    CHECK(status_of(port, sized(limit + 1, 2)) == 413);  // told by its length, before it has come
    CHECK(status_of(port, sized(100'000'000, 5'000'000)) == 413);
    CHECK(only_reply(port, chunked(limit, limit, end)).code() == "rule_broken");
    CHECK(only_reply(port, chunked(limit, 1'000, end)).code() == "rule_broken");
    CHECK(status_of(port, chunked(limit + 1, limit, end)) == 413);
    CHECK(status_of(port, chunked(limit + 1, 1'000, "")) == 413);  // there may be no end to it
    CHECK(status_of(port, chunked(8'000'000, 100'000, "")) == 413);
    // Extensions and trailers are no way around it.
    CHECK(status_of(port, post + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(100'000, 'a') + "\r\n{}\r\n" +
                              end) == 400);
    CHECK(status_of(port, post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: " + std::string(100'000, 'a') +
                              "\r\n\r\n") == 400);
  }
}

// Sends one more piece every 20 ms, at most so many times, until there is an answer. Tells how long that went on.
milliseconds trickle(Wire& wire, std::string_view piece, int times = 1'000) {
  const auto begun = Clock::now();
  for (int i = 0; i < times && !wire.readable(milliseconds{20}); ++i) wire.send_some(piece);
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
}

TEST_CASE("a head that comes too slowly is answered 408") {
  System system(whole, {"--http.server.header-timeout-ms=400"});
  for (const std::string part : {"G", "GET /items HTTP/1.1", "GET /items HTTP/1.1\r\nHost: h\r\nX-A: "}) {
    CAPTURE(part);
    const auto begun = Clock::now();
    Wire silent(system.gateway());
    silent.send(part);
    CHECK(silent.reply().value().status == 408);
    CHECK(Clock::now() - begun >= milliseconds{400});
    CHECK(silent.ends());

    Wire busy(system.gateway());  // bytes that come do not prolong it
    busy.send(part);
    const auto took = trickle(busy, "a");
    CHECK(took >= milliseconds{390});
    CHECK(took < milliseconds{5'000});
    CHECK(busy.reply().value().code() == "request_timeout");
  }
  // On a connection that was used before the time begins anew.
  Wire used(system.gateway());
  for (int i = 0; i < 3; ++i) {
    used.send("GET /items HTTP/1.1\r\nHo");
    used.await_read();
    used.send("st: h\r\n\r\n");
    CHECK(used.reply().value().status == 401);
    CHECK_FALSE(used.readable(milliseconds{300}));
  }
}

TEST_CASE("a body that comes too slowly is answered 408") {
  for (const auto& placement : {whole, split}) {
    CAPTURE(name_of(placement));
    System system(placement, {"--http.server.body-grace-ms=400", "--http.server.body-bytes-per-second=2000"});
    const std::string post = "POST /users" + host + "Content-Type: application/json\r\n";
    for (const std::string part :
         {"Content-Length: 5000\r\n\r\n", "Content-Length: 5000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n1f4\r\n{"}) {
      CAPTURE(part);
      const auto begun = Clock::now();
      Wire silent(system.gateway());
      silent.send(post + part);
      const auto reply = silent.reply().value();
      CHECK(Clock::now() - begun >= milliseconds{400});
      CHECK(reply.status == 408);
      CHECK(reply.code() == "body_timeout");
      CHECK(reply.header("connection") == "close");
      CHECK(silent.ends());
    }
    // Some 50 bytes a second where 2,000 are asked for: what comes does not prolong it for long.
    Wire slow(system.gateway());
    slow.send(post + "Content-Length: 5000\r\n\r\n{");
    CHECK(trickle(slow, "a") < milliseconds{5'000});
    CHECK(slow.reply().value().status == 408);
    // Some 20,000: it may take its time beyond the grace.
    Wire steady(system.gateway());
    steady.send(post + "Content-Length: 20002\r\n\r\n{}");
    CHECK(trickle(steady, std::string(400, ' '), 50) >= milliseconds{900});
    CHECK(steady.reply().value().status == 422);
  }
}

TEST_CASE("a connection that asks for nothing is ended without a word") {
  System system(whole, {"--http.server.idle-timeout-ms=400"});
  const auto begun = Clock::now();
  Wire fresh(system.gateway());
  CHECK(fresh.ends());
  CHECK(Clock::now() - begun >= milliseconds{400});
  Wire used(system.gateway());
  used.send("GET /items" + host + "\r\n");
  CHECK(used.reply().value().header("connection") == "keep-alive");
  CHECK(used.ends());
}

TEST_CASE("an answer that is not taken ends its connection") {
  System system(whole, {"--http.server.write-timeout-ms=400"});
  Wire wire(system.gateway());
  const std::string ask = "GET /openapi.json" + host + "\r\n";
  // Asks until both ends' buffers are full; then the server has waited too long for this client, and cuts it off.
  const auto begun = Clock::now();
  while (!wire.is_cut_off() && Clock::now() < begun + std::chrono::seconds{20}) wire.send_some(ask);
  CHECK(Clock::now() - begun >= milliseconds{400});
  CHECK(Clock::now() - begun < std::chrono::seconds{20});
}

}  // namespace
