// Socket: a non-blocking stream socket on a loop, for coroutines.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <span>

#include "async/loop.h"

namespace svc {

/// Lives on the loop it was made on. One coroutine may wait to read while another waits to write; who destroys it
/// sees to it that none does.
class Socket final : public Watcher {
 public:
  /// Takes ownership of `fd`, which must be non-blocking.
  explicit Socket(int fd);
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// What an attempt came to.
  enum class Outcome {
    done,    ///< `bytes` were read or written
    wait,    ///< nothing to be had now: await readable() or writable()
    closed,  ///< the other end has closed its side (read), or the connection is broken
  };
  struct Transfer {
    Outcome outcome;
    std::size_t bytes = 0;
    int error = 0;  ///< the errno of a broken connection; 0: the other end has closed its side in good order
  };
  Transfer read(char* into, std::size_t size);
  Transfer write(std::span<const iovec> pieces);

  /// `auto wait = socket.readable(limit); const bool in_time = co_await wait;`
  class Wait;
  Wait readable(Steady::time_point limit);
  Wait writable(Steady::time_point limit);
  /// Whether the other end has closed its side, as far as is known.
  bool peer_gone() const { return peer_gone_; }
  /// The same, asked of the system now; false while there is something left to read.
  bool has_ended() const;

  /// Ends what waits from outside, as if the time were up. On the loop's thread.
  void interrupt();
  /// For who reads, writes or connects the descriptor by other means, and was told EAGAIN or EINPROGRESS: readable()
  /// and writable() then wait for the next word of the kernel's.
  void expect_readable() { readable_ = false; }
  void expect_writable() { writable_ = false; }
  /// What an asynchronous connect() came to: 0 or an errno.
  int take_error() const;
  int fd() const { return fd_; }

 private:
  void on_events(std::uint32_t events) override;
  void arm(Steady::time_point limit);
  void on_timer();
  template <class Due>
  Wait* take(Due due);
  static void resume(Wait* taken, bool in_time);

  Loop& loop_ = Loop::current();
  const int fd_;
  bool readable_ = true;  // edge-triggered: true until a call says otherwise
  bool writable_ = true;
  bool peer_gone_ = false;
  Wait* waiting_ = nullptr;  // a list
  // One timer, left armed from wait to wait and re-armed only when it runs: most waits end long before.
  std::optional<Loop::TimerId> timer_;
  Steady::time_point timer_at_;
};

class Socket::Wait {
 public:
  Wait(Socket& socket, Steady::time_point limit, bool for_write)
      : socket_(socket), limit_(limit), for_write_(for_write) {}
  bool await_ready() const { return for_write_ ? socket_.writable_ : socket_.readable_; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    next_ = socket_.waiting_;
    socket_.waiting_ = this;
    socket_.arm(limit_);
  }
  /// False when the time was up, or the wait was interrupted.
  bool await_resume() const { return in_time_; }

 private:
  friend class Socket;
  Socket& socket_;
  const Steady::time_point limit_;
  const bool for_write_;
  bool in_time_ = true;
  std::coroutine_handle<> awaiting_;
  Wait* next_ = nullptr;
};

inline Socket::Wait Socket::readable(Steady::time_point limit) { return {*this, limit, false}; }
inline Socket::Wait Socket::writable(Steady::time_point limit) { return {*this, limit, true}; }

}  // namespace svc
