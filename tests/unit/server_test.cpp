// The HTTP server as a connection sees it: bodies and answers that come bit by bit, and limits on what is going on.
// What strangers may do to its framing is asked by tests/edge.
#include "http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "async/event.h"
#include "support/catch.h"
#include "support/eventually.h"

namespace svc::http {
namespace {

class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Until `text` has come, or the end.
  const std::string& read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos && read_some()) {
    }
    return seen_;
  }
  const std::string& read_to_end() {
    while (read_some()) {
    }
    return seen_;
  }
  void forget() { seen_.clear(); }

 private:
  bool read_some() {
    char bytes[16 * 1024];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) seen_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  int fd_;
  std::string seen_;
};

// Passes a request's body on as it comes.
class Echo final : public Source {
 public:
  explicit Echo(Body& body) : body_(body) {}
  Task<Result<Piece>> next(Steady::time_point) override {
    auto reading = body_.next();
    auto piece = co_await reading;
    if (!piece) co_return refusal(piece);
    if (!*piece) co_return Piece{"", true};
    co_return Piece{std::move(**piece)};
  }

 private:
  Body& body_;
};

// Says what it is told to.
class Scripted final : public Source {
 public:
  explicit Scripted(std::vector<Result<Piece>> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<Piece>> next(Steady::time_point limit) override {
    if (next_ == pieces_.size()) {
      auto silence = sleep_until(limit);
      co_await silence;
      co_return Piece{};
    }
    co_return pieces_[next_++];
  }

 private:
  std::vector<Result<Piece>> pieces_;
  std::size_t next_ = 0;
};

struct Fixture {
  explicit Fixture(Handler handler, ServerOptions options = {})
      : server(loops, "127.0.0.1", 0, std::move(handler), options) {
    server.start();
  }
  ~Fixture() { server.stop(seconds{5}); }
  Loops loops{1};
  Server server;
};

Task<Response> streamed(std::shared_ptr<Source> source) {
  Response response{200, "text/plain"};
  response.source = std::move(source);
  return response;
}

TEST_CASE("what a service of ours asked for and gave up while this process hung is not carried out") {
  std::atomic<int> carried_out{0};
  Fixture f([&](Request&) {
    ++carried_out;
    return Task<Response>(Response{200});
  });
  const auto ask_and_go_in_a_hang = [&](const std::string& fields) {
    std::atomic<bool> hangs{true};
    f.loops[0].post([&] { hangs.wait(true); });
    {
      Client client(f.server.port());
      client.send("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    }
    hangs = false;
    hangs.notify_one();
    Client later(f.server.port());
    later.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    later.read_until("\r\n\r\n");
  };
  ask_and_go_in_a_hang("");
  CHECK(test::eventually([&] { return carried_out == 2; }));
  ask_and_go_in_a_hang("X-Svc-Cluster: whoever\r\n");
  CHECK(carried_out == 3);
}

TEST_CASE("a body is passed on as it comes, and an answer goes out as it is made") {
  Fixture f([](Request& request) { return streamed(std::make_shared<Echo>(*request.body)); });
  Client client(f.server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK_THAT(client.read_until("hello"), Catch::Matchers::ContainsSubstring("Transfer-Encoding: chunked") &&
                                             Catch::Matchers::ContainsSubstring("Connection: close"));
  client.send("6\r\n world\r\n");
  client.read_until(" world");
  client.send("0\r\n\r\n");
  CHECK_THAT(client.read_until("0\r\n\r\n"), Catch::Matchers::EndsWith("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
}

TEST_CASE("a connection goes on behind a streamed answer to a body that was there, read or not") {
  Fixture f([](Request& request) {
    if (request.path == "/read") return streamed(std::make_shared<Echo>(*request.body));
    return streamed(std::make_shared<Scripted>(std::vector<Result<Source::Piece>>{Source::Piece{"ok", true}}));
  });
  Client client(f.server.port());
  for (const std::string path : {"/read", "/unread", "/read"}) {
    client.forget();
    client.send("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
    CHECK_THAT(client.read_until("0\r\n\r\n"), Catch::Matchers::ContainsSubstring("Connection: keep-alive") &&
                                                   Catch::Matchers::EndsWith("2\r\nok\r\n0\r\n\r\n"));
  }
}

TEST_CASE("a body far beyond memory's limit for whole ones passes through") {
  Fixture f([](Request& request) { return streamed(std::make_shared<Echo>(*request.body)); });
  Client client(f.server.port());
  constexpr std::size_t piece = 100'000, pieces = 100;
  client.send("POST / HTTP/1.0\r\nContent-Length: " + std::to_string(piece * pieces) + "\r\n\r\n");
  std::thread sending([&] {
    for (std::size_t i = 0; i < pieces; ++i) client.send(std::string(piece, 'Z'));
  });
  const auto& seen = client.read_to_end();  // HTTP/1.0: the end of the connection is the end of the content
  sending.join();
  CHECK(std::ranges::count(seen, 'Z') == piece * pieces);
  CHECK_THAT(seen.substr(0, 200), !Catch::Matchers::ContainsSubstring("chunked"));
}

TEST_CASE("an answer whose source fails is cut short, so that it shows") {
  Fixture f([](Request&) {
    return streamed(std::make_shared<Scripted>(
        std::vector<Result<Source::Piece>>{Source::Piece{"half"}, fail(Code::unavailable, "gone")}));
  });
  Client client(f.server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_THAT(client.read_to_end(), Catch::Matchers::EndsWith("4\r\nhalf\r\n"));
}

TEST_CASE("a stream nobody listens to any more ends, and so do all when the server stops") {
  const auto source = std::make_shared<Scripted>(std::vector<Result<Source::Piece>>{Source::Piece{"first"}});
  std::weak_ptr<Source> watched = source;
  Fixture f([source = std::weak_ptr(source)](Request&) { return streamed(source.lock()); });
  {
    Client client(f.server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("first");
    CHECK(watched.use_count() >= 2);
  }
  CHECK(test::eventually([&] { return watched.use_count() == 1; }));
  Client another(f.server.port());
  another.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  another.read_until("chunked");
  f.server.stop(seconds{5});
  CHECK_THAT(another.read_to_end(), Catch::Matchers::EndsWith("0\r\n\r\n"));
}

TEST_CASE("more requests than may be answered at once are told to come back") {
  Event go_on;
  std::atomic<int> entered{0};
  const auto wait = [&](Request&) -> Task<Response> {
    ++entered;
    auto waiting = go_on.wait_until(Steady::now() + seconds{30});
    co_await waiting;
    co_return Response{200, "text/plain", "done"};
  };
  ServerOptions options;
  options.requests = 2;
  Fixture f(wait, options);
  Client first(f.server.port()), second(f.server.port()), third(f.server.port());
  for (auto* client : {&first, &second}) client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(test::eventually([&] { return entered == 2; }));
  third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_THAT(third.read_until("}"), Catch::Matchers::ContainsSubstring("503") &&
                                        Catch::Matchers::ContainsSubstring("Retry-After: 1") &&
                                        Catch::Matchers::ContainsSubstring("overloaded"));
  f.loops[0].post([&] { go_on.happen(); });
  for (auto* client : {&first, &second})
    CHECK_THAT(client->read_until("done"), Catch::Matchers::ContainsSubstring("200 OK"));
  third.forget();
  third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_THAT(third.read_until("done"), Catch::Matchers::ContainsSubstring("200 OK"));
}

TEST_CASE("a request whose body is still to come keeps no other from being answered") {
  const auto read = [](Request& request) -> Task<Response> {
    auto reading = request.body->read(100);
    auto body = co_await reading;
    co_return Response{200, "text/plain", "got " + body.value_or("nothing")};
  };
  ServerOptions options;
  options.requests = 1;
  Fixture f(read, options);
  Client slow(f.server.port()), other(f.server.port());
  slow.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  slow.read_until("100 Continue");
  CHECK(test::eventually([&] {
    other.forget();
    other.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
    return other.read_until("\r\n\r\n").find("200 OK") != std::string::npos;
  }));
  slow.send("slow");
  CHECK_THAT(slow.read_until("got slow"), Catch::Matchers::ContainsSubstring("200 OK"));
}

TEST_CASE("a connection is closed behind the last of its requests") {
  ServerOptions options;
  options.requests_per_connection = 3;
  Fixture f([](Request&) { return Task<Response>(Response{200, "text/plain", "."}); }, options);
  Client client(f.server.port());
  for (int i = 0; i < 4; ++i) client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto& seen = client.read_to_end();
  int answers = 0;
  for (auto at = seen.find("200 OK"); at != seen.npos; at = seen.find("200 OK", at + 1)) ++answers;
  CHECK(answers == 3);
  CHECK(seen.find("Connection: close") > seen.rfind("200 OK"));
}

TEST_CASE("an address with too many connections is turned away, until it has fewer") {
  ServerOptions options;
  options.connections_per_address = 2;
  Fixture f([](Request&) { return Task<Response>(Response{200, "text/plain", "."}); }, options);
  const auto ask = [](Client& client) {
    client.forget();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    return client.read_until("\r\n\r\n").substr(9, 3);
  };
  Client first(f.server.port());
  {
    Client second(f.server.port());
    CHECK(ask(first) == "200");
    CHECK(ask(second) == "200");
    Client third(f.server.port());
    CHECK_THAT(third.read_to_end(),
               Catch::Matchers::ContainsSubstring("503") && Catch::Matchers::ContainsSubstring("too_many_connections"));
  }
  CHECK(ask(first) == "200");
  CHECK(test::eventually([&] {
    Client again(f.server.port());
    return ask(again) == "200";
  }));
}

}  // namespace
}  // namespace svc::http
