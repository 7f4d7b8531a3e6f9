// Channel: what a connection of the server reads from and writes to: a socket, or TLS on one. Internal to core/http.
#pragma once

#include <memory>
#include <optional>

#include "async/socket.h"
#include "http/tls.h"

namespace svc::http {

/// As Socket is: lives on one loop, one coroutine waits for it at a time.
class Channel {
 public:
  /// Takes ownership of `fd`. `tls` null: plain.
  Channel(int fd, const TlsContext* tls);

  /// With TLS, `wait` may mean either direction, whatever was tried: await ready().
  Socket::Transfer read(char* into, std::size_t size);
  Socket::Transfer write(std::span<const iovec> pieces);
  /// What the last attempt that answered `wait` waits for.
  Socket::Wait ready(Steady::time_point limit) {
    return wants_write_ ? socket_.writable(limit) : socket_.readable(limit);
  }

  /// Makes TLS agree on its keys; nothing to do without. `wait` as above.
  Socket::Outcome shake_hands();
  /// Tells the other end that nothing follows.
  void end();
  void interrupt() { socket_.interrupt(); }
  void abort();
  bool peer_gone() const { return socket_.peer_gone(); }
  bool is_tls() const { return session_ != nullptr; }

 private:
  Socket::Transfer outcome_of(int result);

  Socket socket_;
  TlsContext::Session session_;
  bool wants_write_ = false;
};

}  // namespace svc::http
