// Channel: what a connection of the server reads from and writes to: a socket, or TLS on one. Internal to core/http.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "async/socket.h"
#include "async/task.h"
#include "http/tls.h"

namespace svc::http {

/// As Socket is: lives on one loop; one coroutine may receive while another sends.
class Channel {
 public:
  /// Takes ownership of `fd`. `tls` null: plain.
  Channel(int fd, const TlsContext* tls);

  /// Appends what has come to `into`. On `wait` await ready().
  Socket::Outcome receive(std::string& into);
  /// Sends the pieces one behind the other. False when the other end is gone, or has not taken all by `limit`.
  Task<bool> send(std::array<std::string_view, 3> pieces, Steady::time_point limit);
  /// What the attempt just made, that answered `wait`, waits for: with TLS perhaps the other direction than it tried.
  Socket::Wait ready(Steady::time_point limit) {
    return wants_write_ ? socket_.writable(limit) : socket_.readable(limit);
  }

  /// Makes TLS agree on its keys; nothing to do without. On `wait` await ready().
  Socket::Outcome shake_hands();
  /// Tells the other end that nothing follows.
  void end();
  void interrupt() { socket_.interrupt(); }
  void abort();
  /// The connection will end with a reset, so that its end is not taken for the content's.
  void reset_at_end();
  bool peer_gone() const { return socket_.peer_gone(); }
  bool has_ended() const { return socket_.has_ended(); }
  bool is_tls() const { return session_ != nullptr; }

 private:
  Socket::Transfer read(char* into, std::size_t size);
  Socket::Transfer write(std::span<const iovec> pieces);
  Socket::Transfer outcome_of(int result);

  Socket socket_;
  TlsContext::Session session_;
  bool wants_write_ = false;
};

}  // namespace svc::http
