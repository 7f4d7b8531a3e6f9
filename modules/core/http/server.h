// Server: the HTTP front that every role shares. It owns its listening socket and its connections, reads heads
// strictly and within limits before any handler sees a byte, and answers in order.
//
// A connection is a coroutine on one of the loops: an idle or slow one costs memory, never a thread, and
// a handler that waits costs neither. The first bytes of a request and the whole of its body each have their
// time; what comes too slowly is refused.
//
// Why this is not cpp-httplib's server: README.md beside this file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/fields.h"
#include "http/message.h"
#include "http/parse.h"

namespace svc::http {

struct ServerOptions {
  Limits limits{};
  std::int64_t header_timeout_ms = 10'000;
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t write_timeout_ms = 30'000;
  std::int64_t idle_timeout_ms = 60'000;
  std::int64_t connections = 10'000;
  static constexpr auto fields() {
    return std::tuple{
        field(&ServerOptions::limits, "limits", "What a request may be made of"),
        field(&ServerOptions::header_timeout_ms, "header_timeout_ms",
              "Time a request's head may take to arrive, from its first byte", Range{100, 600'000}, Default{10'000}),
        field(&ServerOptions::body_timeout_ms, "body_timeout_ms", "Time a request's body may take to arrive",
              Range{100, 600'000}, Default{30'000}),
        field(&ServerOptions::write_timeout_ms, "write_timeout_ms", "Time an answer may take to be accepted",
              Range{100, 600'000}, Default{30'000}),
        field(&ServerOptions::idle_timeout_ms, "idle_timeout_ms", "Time a connection may wait for its next request",
              Range{100, 3'600'000}, Default{60'000}),
        field(&ServerOptions::connections, "connections",
              "Connections open at once on one port; more wait to be accepted", Range{1, 1'000'000}, Default{10'000})};
  }
};

class Server {
 public:
  /// Binds and listens at once, so that a taken port is told before anything is served; answers requests from
  /// start() on. Port 0 takes any free one. Throws std::runtime_error that names the address and the reason.
  Server(Loops& loops, const std::string& host, int port, Handler handler, ServerOptions options);
  /// Only once stopped, or never started.
  ~Server();

  int port() const { return port_; }
  void start();

  /// Stops accepting, ends idle connections, and lets running requests finish, each with `Connection: close`.
  /// Blocks until all are gone or `limit` has passed; what is left then is cut off. Not from a loop's thread.
  void stop(Steady::duration limit);

 private:
  class Connection;
  struct Acceptor;
  struct Shared;

  Loops& loops_;
  int listener_ = -1;
  int port_ = 0;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace svc::http
