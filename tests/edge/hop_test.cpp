// What a gateway passes on to the next hop, and what it believes of the answer. The next hop is this test.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/catch.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;

// Accepts a connection, reads a request with a body of 2 bytes, and answers as told.
class Hop {
 public:
  Hop() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 16) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Hop() {
    ::close(listener_);
    leave();
  }
  Hop(const Hop&) = delete;
  Hop& operator=(const Hop&) = delete;
  int port() const { return port_; }

  std::string take() {
    if (peer_ < 0) peer_ = ::accept(listener_, nullptr, nullptr);
    std::string text;
    std::array<char, 4096> piece;
    while (text.find("\r\n\r\n") == std::string::npos || !text.ends_with("{}")) {
      const auto got = ::recv(peer_, piece.data(), piece.size(), 0);
      if (got == 0 && text.empty()) {  // the gateway gave that connection up: it asks over another
        leave();
        peer_ = ::accept(listener_, nullptr, nullptr);
        continue;
      }
      if (got <= 0) throw std::runtime_error("the gateway left: " + text);
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
  }
  void answer(const std::string& bytes) { ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void leave() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }

 private:
  int listener_ = -1, peer_ = -1, port_ = 0;
};

struct Gateway {
  TempDir dir;
  Hop hop;
  Child child;
  int port;

  Gateway() : child(command(), dir / "log"), port(ready()) {}
  std::vector<std::string> command() const {
    std::vector<std::string> words{svc_binary(),         "--role=gateway",   "--data=" + dir.path().string(),
                                   "--config=/dev/null", "--port.gateway=0", "--port.operations=0"};
    for (const std::string module : {"user", "inventory", "payment", "order"})
      words.push_back("--link." + module + "=http://127.0.0.1:" + std::to_string(hop.port()));
    return words;
  }
  int ready() { return nlohmann::json::parse(child.first_line().value_or("{}"))["ports"]["gateway"]; }
};

const std::string post_users = "POST /users?x=%0d%0aA:b HTTP/1.1\r\nHost: h\r\n";
const std::string body = "2\r\n{}\r\n0\r\nX-Svc-Cluster: x\r\n\r\n";

TEST_CASE("the next hop gets one canonical request, whatever came") {
  Gateway gateway;
  Wire wire(gateway.port);
  wire.send(post_users +
            "Content-Type: application/json\r\n"
            "X-A: a%0d%0aX-User-Id:%20root\r\n"
            "X-User-Id: root\r\nX_User_Id: root\r\nX-Svc-Cluster: root\r\nX-Forwarded-For: root\r\n"
            "Connection: keep-alive, X-Hop\r\nX-Hop: root\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\n"
            "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" +
            body);
  auto text = gateway.hop.take();
  CAPTURE(text);
  CHECK(text.starts_with("POST /users?x=%0d%0aA:b HTTP/1.1\r\n"));
  CHECK(text.ends_with("\r\n\r\n{}"));
  CHECK(text.find("X-A: a%0d%0aX-User-Id:%20root\r\n") != std::string::npos);
  std::istringstream lines(text.substr(0, text.find("\r\n\r\n")));
  std::multimap<std::string, std::string> fields;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const auto colon = line.find(": ");
    REQUIRE(colon != std::string::npos);
    fields.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  CHECK(fields.count("Host") == 1);
  CHECK(fields.count("Content-Length") == 1);
  CHECK(fields.find("Content-Length")->second == "2");
  CHECK(fields.count("X-Svc-Cluster") == 1);
  CHECK(fields.count("X-Forwarded-For") == 1);
  for (const auto& [name, value] : fields) {
    CAPTURE(name);
    CHECK(value != "root");
  }
  for (const std::string name :
       {"Transfer-Encoding", "Keep-Alive", "TE", "Upgrade", "Expect", "X-Hop", "X_User_Id", "X-User-Id"})
    CHECK(fields.count(name) == 0);
  gateway.hop.answer("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(wire.reply()->status == 201);
}

TEST_CASE("an answer that could be read in two ways is not passed on") {
  Gateway gateway;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<std::pair<std::string, std::string>> rows{
      {"length and chunked", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
      {"two lengths", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
      {"+2", ok + "Content-Length: +2\r\n\r\n{}"},
      {"a chunk of size 0x2", ok + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n"},
      {"another encoding", ok + "Transfer-Encoding: gzip\r\n\r\n{}"},
      {"LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"},
      {"CR in a value", ok + "X-A: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\n{}"},
      {"a folded field", ok + "X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"},
      {"no status", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}"},
      {"another protocol", "ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
      {"a body cut short", ok + "Content-Length: 3\r\n\r\n{}"},
      {"a head cut short", "HTTP/1.1 200"},
      {"nothing", ""},
      {"a huge body", ok + "Content-Length: 900000000000\r\n\r\n{}"},
      {"a huge head", ok + "X-A: " + std::string(100'000, 'a') + "\r\nContent-Length: 2\r\n\r\n{}"}};
  for (const auto& [name, answer] : rows) {
    CAPTURE(name);
    Wire wire(gateway.port);
    wire.send(post_users + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    gateway.hop.take();
    gateway.hop.answer(answer);
    gateway.hop.leave();
    const auto reply = wire.reply();
    REQUIRE(reply);
    CHECK((reply->status == 502 || reply->status == 503));
    CHECK(reply->header("content-type") == "application/problem+json");
  }
}

TEST_CASE("bytes behind an answer are nobody's answer") {
  Gateway gateway;
  Wire wire(gateway.port);
  const std::string ask = post_users + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  wire.send(ask);
  gateway.hop.take();
  gateway.hop.answer(
      "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 299 Mine\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(wire.reply()->status == 201);
  wire.send(ask);
  gateway.hop.take();
  gateway.hop.answer("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(wire.reply()->status == 202);
}

}  // namespace
