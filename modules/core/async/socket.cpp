#include "async/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace svc {

Socket::Socket(int fd) : fd_(fd) { loop_.watch(fd_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this); }

Socket::~Socket() {
  if (timer_) loop_.cancel(*timer_);
  loop_.unwatch(fd_, this);
  ::close(fd_);
}

Socket::Transfer Socket::read(char* into, std::size_t size) {
  while (true) {
    const auto got = ::read(fd_, into, size);
    if (got > 0) {
      // A short read has emptied the socket: the next bytes bring the next edge (epoll(7)).
      if (static_cast<std::size_t>(got) < size && !peer_gone_) readable_ = false;
      return {Outcome::done, static_cast<std::size_t>(got)};
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      readable_ = false;
      return {Outcome::wait};
    }
    return {Outcome::closed, 0, got < 0 ? errno : 0};
  }
}

bool Socket::has_ended() const {
  char byte = 0;
  const auto got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

Socket::Transfer Socket::write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  while (true) {
    const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) return {Outcome::done, static_cast<std::size_t>(sent)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      writable_ = false;
      return {Outcome::wait};
    }
    return {Outcome::closed, 0, errno};
  }
}

void Socket::on_events(std::uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) peer_gone_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
  resume(take([this](const Wait& wait) { return wait.for_write_ ? writable_ : readable_; }), true);
}

// Takes those that are due off the list before any of them is resumed: whoever is may wait again, or destroy this.
template <class Due>
Socket::Wait* Socket::take(Due due) {
  Wait* taken = nullptr;
  for (Wait** at = &waiting_; *at != nullptr;) {
    Wait* const wait = *at;
    if (!due(*wait)) {
      at = &wait->next_;
      continue;
    }
    *at = wait->next_;
    wait->next_ = taken;
    taken = wait;
  }
  return taken;
}

void Socket::resume(Wait* taken, bool in_time) {
  while (taken != nullptr) {
    Wait* const wait = std::exchange(taken, taken->next_);  // gone once it is resumed
    wait->in_time_ = in_time;
    wait->awaiting_.resume();
  }
}

void Socket::interrupt() {
  resume(take([](const Wait&) { return true; }), false);
}

void Socket::arm(Steady::time_point limit) {
  if (limit == Steady::time_point::max()) return;
  if (timer_ && timer_at_ <= limit) return;  // it runs earlier, and looks again
  if (timer_) loop_.cancel(*timer_);
  timer_at_ = limit;
  timer_ = loop_.at(limit, [this] { on_timer(); });
}

void Socket::on_timer() {
  timer_.reset();
  const auto now = Steady::now();
  Wait* const late = take([now](const Wait& wait) { return wait.limit_ <= now; });
  for (const Wait* wait = waiting_; wait != nullptr; wait = wait->next_) arm(wait->limit_);
  resume(late, false);
}

int Socket::take_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace svc
