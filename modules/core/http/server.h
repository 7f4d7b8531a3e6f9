// Server: the HTTP front that every role shares. It owns its listening socket and its connections, reads heads
// strictly and within limits before any handler sees a byte, and answers in order.
//
// A connection is a coroutine on one of the loops (connection.h): an idle or slow one costs memory, never a thread,
// and a handler that waits costs neither. What comes too slowly is refused, and what is too much is told to come back.
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
#include "http/tls.h"

namespace svc::http {

class Listener;

struct ServerOptions {
  Limits limits{};
  std::int64_t header_timeout_ms = 10'000;
  std::int64_t body_grace_ms = 10'000;
  std::int64_t body_bytes_per_second = 500;
  std::int64_t write_timeout_ms = 30'000;
  std::int64_t idle_timeout_ms = 60'000;
  std::int64_t requests_per_connection = 100'000;
  std::int64_t connections = 10'000;
  std::int64_t connections_per_address = 0;
  std::int64_t requests = 5'000;
  static constexpr auto fields() {
    return rows(
        field(&ServerOptions::limits, "limits", "What a request may be made of"),
        field(&ServerOptions::header_timeout_ms, "header_timeout_ms",
              "Time a request's head may take to arrive, from its first byte", Range{100, 600'000}, Default{10'000}),
        field(&ServerOptions::body_grace_ms, "body_grace_ms",
              "Time a request's body may take to arrive however slowly; after it, body_bytes_per_second counts",
              Range{100, 600'000}, Default{10'000}),
        field(&ServerOptions::body_bytes_per_second, "body_bytes_per_second",
              "Bytes of a request's body that must come in a second, on average", Range{1, 1'000'000'000},
              Default{500}),
        field(&ServerOptions::write_timeout_ms, "write_timeout_ms", "Time an answer may take to be accepted",
              Range{100, 600'000}, Default{30'000}),
        field(&ServerOptions::idle_timeout_ms, "idle_timeout_ms", "Time a connection may wait for its next request",
              Range{100, 3'600'000}, Default{60'000}),
        field(&ServerOptions::requests_per_connection, "requests_per_connection",
              "Requests on one connection; it is closed behind the last, so that clients spread anew",
              Range{1, 1'000'000'000}, Default{100'000}),
        field(&ServerOptions::connections, "connections",
              "Connections open at once on one port, or fewer where the limit of open files is low; more wait to be "
              "accepted",
              Range{1, 1'000'000}, Default{10'000}),
        field(&ServerOptions::connections_per_address, "connections_per_address",
              "Connections open at once from one address; more are told 503; 0: any number", Range{0, 1'000'000},
              Default{0}),
        field(&ServerOptions::requests, "requests", "Requests being answered at once on one port; more are told 503",
              Range{1, 1'000'000}, Default{5'000}));
  }
};

class Server {
 public:
  /// Binds and listens at once, so that a taken port is told before anything is served; answers requests from
  /// start() on. Port 0 takes any free one. Throws std::runtime_error that names the address and the reason.
  /// `tls`: speaks HTTPS; must outlive the server.
  Server(Loops& loops, const std::string& host, int port, Handler handler, ServerOptions options,
         const TlsContext* tls = nullptr);
  /// Only once stopped, or never started.
  ~Server();

  int port() const { return port_; }
  void start();

  /// Goes on serving, but asks each client to come no more on its connection (`Connection: close`), so that few are
  /// there when it stops. Thread-safe.
  void leave();

  /// Stops accepting, ends idle connections, and lets running requests finish, each with `Connection: close`.
  /// Blocks until all are gone or `limit` has passed; what is left then is cut off. Not from a loop's thread.
  void stop(Steady::duration limit);

  struct Shared;

 private:
  Loops& loops_;
  std::unique_ptr<Listener> listener_;
  const int port_;
  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
};

}  // namespace svc::http
