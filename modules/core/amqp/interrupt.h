// Interrupt: ends what a session waits for, from another thread.
#pragma once

#include <mutex>

namespace svc::amqp {

/// Outlives the sessions that were opened with it. Thread-safe.
class Interrupt {
 public:
  /// The call of a session that waits for the broker fails, soon, and every later one: for good. A connection
  /// that is just being made is waited for as long as Options::connect_timeout_ms.
  void interrupt();

  // For sessions.
  /// The connection to be broken. False where it is too late: then it is not noted.
  bool watch(int socket);
  /// Before the socket is closed.
  void unwatch();

 private:
  std::mutex mutex_;
  int socket_ = -1;
  bool interrupted_ = false;
};

}  // namespace svc::amqp
