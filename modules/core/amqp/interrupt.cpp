#include "amqp/interrupt.h"

#include <sys/socket.h>

namespace svc::amqp {

void Interrupt::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Interrupt::watch(int socket) {
  const std::lock_guard lock(mutex_);
  if (interrupted_) return false;
  socket_ = socket;
  return true;
}

void Interrupt::unwatch() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

}  // namespace svc::amqp
