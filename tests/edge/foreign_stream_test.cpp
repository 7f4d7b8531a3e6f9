// Bodies that pass to and from foreign services: bit by bit, no faster than they are taken, and never held.
#include <poll.h>

#include <csignal>

#include "edge/foreign.h"
#include "support/sanitized.h"

namespace {

using namespace svc::test;
using std::chrono::milliseconds;

constexpr std::size_t much = 64 * 1024 * 1024;
constexpr long flat_kib = 16 * 1024;

const std::string open_route = route("/shop", "shop", "auth = \"none\"\nidle_timeout_ms = 400\n");

std::string piece_of(std::size_t size) { return std::string(size, 'x'); }
std::string chunk_of(const std::string& bytes) {
  std::ostringstream size;
  size << std::hex << bytes.size();
  return size.str() + "\r\n" + bytes + "\r\n";
}

// Reads a request's content and tells how much it was; nothing when it ends early.
std::optional<std::size_t> read_content(Peer& peer, const std::string& head) {
  std::size_t got = 0;
  if (field_of(head, "Transfer-Encoding").empty()) {
    const auto length = std::stoul(field_of(head, "Content-Length"));
    while (got < length) {
      const auto some = peer.bytes(std::min<std::size_t>(length - got, 64 * 1024));
      if (some.empty()) return std::nullopt;
      got += some.size();
    }
    return got;
  }
  while (true) {
    const auto line = peer.until("\r\n");
    if (line.empty()) return std::nullopt;
    auto left = std::stoul(line, nullptr, 16);
    if (left == 0) return peer.until("\r\n").empty() ? std::optional(got) : std::nullopt;
    for (got += left, left += 2; left > 0;) {
      const auto some = peer.bytes(std::min<std::size_t>(left, 64 * 1024));
      if (some.empty()) return std::nullopt;
      left -= some.size();
    }
  }
}

// Whether nothing fits into a socket for a while: whoever is at the other end does not take it.
template <class SendSome>
bool fills_up(SendSome send_some, std::size_t most) {
  const auto some = piece_of(64 * 1024);
  std::size_t sent = 0;
  for (int full = 0; full < 20;) {
    const auto fits = send_some(some);
    full = fits == 0 ? full + 1 : 0;
    sent += fits;
    if (sent > most) return false;
    if (fits == 0) ::poll(nullptr, 0, 25);
  }
  return true;
}

TEST_CASE("an answer of 64 MiB passes through, with its length or in chunks, and the gateway holds none of it") {
  const bool chunked = GENERATE(false, true);
  CAPTURE(chunked);
  ForeignService shop([&](Peer& peer, const std::string&) {
    const auto some = piece_of(256 * 1024);
    peer.send("HTTP/1.1 200 OK\r\n" +
              (chunked ? std::string("Transfer-Encoding: chunked") : "Content-Length: " + std::to_string(much)) +
              "\r\n\r\n");
    for (std::size_t sent = 0; sent < much; sent += some.size()) peer.send(chunked ? chunk_of(some) : some);
    return chunked ? peer.send("0\r\n\r\n") : true;
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  edge.ask("GET", "/shop/warm");
  const long before = edge.peak_kib();
  Wire wire(edge.gateway());
  for (int round = 0; round < 2; ++round) {
    wire.send("GET /shop HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto head = wire.head().value();
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == (chunked ? "" : std::to_string(much)));
    std::size_t got = 0;
    if (!chunked)
      while (got < much) got += wire.bytes(much - got).size();
    else
      for (auto piece = wire.chunk().value(); !piece.empty(); piece = wire.chunk().value()) got += piece.size();
    CHECK(got == much);
  }
  if (!sanitized) CHECK(edge.peak_kib() - before < flat_kib);
}

TEST_CASE("a request of 64 MiB passes through, with its length or in chunks, and the gateway holds none of it") {
  const bool chunked = GENERATE(false, true);
  CAPTURE(chunked);
  ForeignService shop([&](Peer& peer, const std::string& head) {
    return peer.answer(std::to_string(read_content(peer, head).value_or(0)));
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  edge.ask("PUT", "/shop/warm", "", "x");
  const long before = edge.peak_kib();
  Wire wire(edge.gateway());
  for (int round = 0; round < 2; ++round) {
    wire.send("POST /shop HTTP/1.1\r\nHost: h\r\n" +
              (chunked ? std::string("Transfer-Encoding: chunked") : "Content-Length: " + std::to_string(much)) +
              "\r\n\r\n");
    const auto some = piece_of(256 * 1024);
    for (std::size_t sent = 0; sent < much; sent += some.size()) wire.send(chunked ? chunk_of(some) : some);
    if (chunked) wire.send("0\r\n\r\n");
    CHECK(wire.reply().value().body == std::to_string(much));
  }
  if (!sanitized) CHECK(edge.peak_kib() - before < flat_kib);
}

TEST_CASE("a service may answer while it is asked: 64 MiB come back as they go") {
  ForeignService echo([](Peer& peer, const std::string& head) {
    std::size_t left = std::stoul(field_of(head, "Content-Length"));
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(left) + "\r\n\r\n");
    while (left > 0) {
      const auto some = peer.bytes();
      if (some.empty() || !peer.send(some)) return false;
      left -= some.size();
    }
    return true;
  });
  Edge edge(open_route);
  edge.add("shop", echo.port());
  edge.ask("POST", "/shop", "", "warm");
  const long before = edge.peak_kib();
  Wire wire(edge.gateway());
  wire.send("POST /shop HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(much) + "\r\n\r\n");
  std::thread sending([&] {
    const auto some = piece_of(256 * 1024);
    for (std::size_t sent = 0; sent < much; sent += some.size()) wire.send(some);
  });
  std::size_t got = 0;
  const auto head = wire.head();
  for (auto some = wire.bytes(much); !some.empty() && got < much; some = got < much ? wire.bytes(much - got) : "")
    got += some.size();
  sending.join();
  CHECK(head.value().status == 200);
  CHECK(head.value().header("connection") == "close");
  CHECK(got == much);
  if (!sanitized) CHECK(edge.peak_kib() - before < flat_kib);
  CHECK(wire.ends());
}

TEST_CASE("who does not read stops who writes, either way") {
  std::atomic<int> state{0};
  ForeignService shop([&](Peer& peer, const std::string& head) {
    if (head.starts_with("POST")) {  // takes nothing
      state = fills_up([](const auto&) { return std::size_t{0}; }, 1) ? 3 : 4;
      return false;
    }
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    state = fills_up(
                [&](const auto& some) {
                  static std::string left;
                  if (left.empty()) left = chunk_of(some);
                  const auto sent = peer.send_some(left);
                  left.erase(0, sent);
                  return sent;
                },
                much)
                ? 1
                : 2;
    return false;
  });
  Edge edge(route("/shop", "shop", "auth = \"none\"\nidle_timeout_ms = 60000\n"));
  edge.add("shop", shop.port());
  const long before = edge.peak_kib();
  Wire reader(edge.gateway());
  reader.send("GET /shop HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(reader.head().value().status == 200);
  CHECK(eventually([&] { return state != 0; }));
  CHECK(state == 1);
  Wire writer(edge.gateway());
  writer.send("POST /shop HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
  CHECK(fills_up([&](const auto& some) { return writer.send_some(some); }, much));
  if (!sanitized) CHECK(edge.peak_kib() - before < flat_kib);
}

TEST_CASE("an event arrives before the next is sent, silence does not end the stream, and a client's leaving does") {
  std::atomic<int> heard{0};
  std::atomic<bool> left{false};
  ForeignService shop([&](Peer& peer, const std::string&) {
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 1; i <= 3; ++i) {
      peer.send(chunk_of("data: " + std::to_string(i) + "\n\n"));
      if (!eventually([&] { return heard == i; })) return false;
    }
    ::poll(nullptr, 0, 1'000);  // longer than the route's idle_timeout_ms
    peer.send(chunk_of("data: 4\n\n"));
    left = peer.left();
    return false;
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  {
    Wire wire(edge.gateway());
    wire.send("GET /shop HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n");
    CHECK(wire.head().value().header("content-type") == "text/event-stream; charset=utf-8");
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 1; i <= 4; ++i) {
      if (i == 4) CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{2});  // each at once
      CHECK(wire.chunk() == "data: " + std::to_string(i) + "\n\n");
      heard = i;
    }
  }
  CHECK(eventually([&] { return left.load(); }));
}

TEST_CASE("what breaks off on the way is seen to have broken off") {
  const auto part =
      GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n", "HTTP/1.0 200 OK\r\n\r\n");
  const bool silent = GENERATE(false, true);
  CAPTURE(part, silent);
  std::atomic<bool> passed{false};
  ForeignService shop([&](Peer& peer, const std::string&) {
    peer.send(part + "part");
    eventually([&] { return passed.load(); });  // what was sent is not lost in the reset
    if (silent) return !peer.left();
    peer.reset();
    return false;
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  for (const std::string version : {"1.1", "1.0"}) {
    CAPTURE(version);
    passed = false;
    Wire wire(edge.gateway());
    wire.send("GET /shop HTTP/" + version + "\r\nHost: h\r\n\r\n");
    const auto head = wire.head().value();
    CHECK(head.status == 200);
    const bool chunked = head.header("transfer-encoding") == "chunked";
    CHECK((chunked ? wire.chunk() : wire.bytes(4)) == "part");
    passed = true;
    if (chunked) {
      CHECK_FALSE(wire.chunk());
    } else if (!head.header("content-length").empty()) {
      CHECK(wire.bytes(100).empty());
    } else {
      CHECK_THROWS(wire.reply());  // a reset: without a length, an end in good order would look like the content's
    }
  }
}

TEST_CASE("a client that breaks off its upload is no end of it to the service") {
  const bool chunked = GENERATE(false, true);
  CAPTURE(chunked);
  std::atomic<int> begun{0}, whole{0}, cut{0};
  ForeignService shop([&](Peer& peer, const std::string& head) {
    ++begun;
    ++(read_content(peer, head) ? whole : cut);
    return false;
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  {
    Wire wire(edge.gateway());
    wire.send(std::string("POST /shop HTTP/1.1\r\nHost: h\r\n") +
              (chunked ? "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n" : "Content-Length: 100\r\n\r\npart"));
    CHECK(eventually([&] { return begun == 1; }));
  }
  CHECK(eventually([&] { return cut == 1; }));
  Wire wire(edge.gateway());
  wire.send("POST /shop HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n");
  const auto reply = wire.reply().value();
  CHECK(reply.status == 400);
  CHECK(reply.code() == "bad_chunk");
  CHECK(eventually([&] { return cut == 2; }));
  CHECK(whole == 0);
}

TEST_CASE("an answer that does not wait for the request's end reaches the client, and so does the wish to go on") {
  ForeignService shop([](Peer& peer, const std::string& head) {
    if (head.starts_with("PUT")) return peer.answer(std::to_string(read_content(peer, head).value_or(0)));
    peer.answer("too much", "Connection: close\r\n", "413 Content Too Large");
    return !peer.left();
  });
  Edge edge(open_route);
  edge.add("shop", shop.port());
  Wire early(edge.gateway());
  early.send("POST /shop HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\npart");
  const auto reply = early.reply().value();
  CHECK(reply.status == 413);
  CHECK(reply.body == "too much");
  CHECK(reply.header("connection") == "close");  // else the client's next request would be lost
  CHECK(early.ends());
  Wire whole(edge.gateway());  // what was here has not to be waited for
  for (int round = 0; round < 2; ++round) {
    whole.send("POST /shop HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\npart");
    CHECK(whole.reply().value().header("connection") == "keep-alive");
  }
  Wire polite(edge.gateway());
  polite.send("PUT /shop HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(polite.reply().value().status == 100);
  polite.send("ok");
  CHECK(polite.reply().value().body == "2");
}

TEST_CASE("a stop lets an answer end, and cuts one that does not") {
  const bool ends = GENERATE(true, false);
  CAPTURE(ends);
  std::atomic<bool> stopping{false};
  ForeignService shop([&](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
    eventually([&] { return stopping.load(); });
    if (ends) return peer.send("4\r\nrest\r\n0\r\n\r\n");
    while (peer.send("1\r\n.\r\n")) ::poll(nullptr, 0, 50);
    return false;
  });
  Edge edge(open_route, {"--linger-ms=0", "--drain-seconds=2"});
  edge.add("shop", shop.port());
  Wire wire(edge.gateway());
  wire.send("GET /shop HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(wire.head().value().status == 200);
  CHECK(wire.chunk() == "part");
  edge.process().signal(SIGTERM);
  CHECK(eventually([&] {
    try {
      const Wire late(edge.gateway());
      return false;
    } catch (const std::runtime_error&) {
      return true;  // it accepts no more
    }
  }));
  stopping = true;
  auto next = wire.chunk();
  if (ends) {
    CHECK(next == "rest");
    CHECK(wire.chunk() == "");
  } else {
    while (next == ".") next = wire.chunk();
    CHECK_FALSE(next);
  }
  CHECK(edge.process().wait() == 0);
}

TEST_CASE("a stop cuts a stream of events at once, for it has no end to wait for") {
  ForeignService shop([](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send(chunk_of("data: 1\n\n"));
    return !peer.left();
  });
  Edge edge(open_route, {"--linger-ms=0", "--drain-seconds=3600"});
  edge.add("shop", shop.port());
  Wire wire(edge.gateway());
  wire.send("GET /shop HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(wire.head().value().status == 200);
  CHECK(wire.chunk() == "data: 1\n\n");
  edge.process().signal(SIGTERM);
  CHECK_FALSE(wire.chunk());  // the connection ends, without a last chunk
  CHECK(edge.process().wait() == 0);
}

}  // namespace
