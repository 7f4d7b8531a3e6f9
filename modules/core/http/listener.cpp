#include "http/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace svc::http {
namespace {

constexpr int backlog = 1024;
constexpr auto accept_pause = std::chrono::milliseconds{50};  // after the process ran out of descriptors or connections

std::string address_text(const sockaddr_storage& address) {
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0)
    return {};
  return host.data();
}

int port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Listener::Listener(const std::string& host, int port) {
  const auto fail = [&](const char* what) {
    throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " + what);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    fail(::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::strerror(errno));
  // SO_REUSEADDR: a restart need not wait for old connections' TIME_WAIT. Not SO_REUSEPORT, with which two
  // programs would share a port without a word.
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::bind(fd_, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd_, backlog) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    const int error = errno;
    ::close(std::exchange(fd_, -1));
    fail(std::strerror(error));
  }
  port_ = port_of(bound);
}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

void Listener::accept_on(Loop& loop, MayAccept may_accept, Accepted accepted) {
  loop_ = &loop;
  may_accept_ = std::move(may_accept);
  accepted_ = std::move(accepted);
  watch();
}

void Listener::watch() {
  watching_ = true;
  loop_->watch(fd_, EPOLLIN, this);
}

void Listener::pause() {
  loop_->unwatch(fd_, this);
  watching_ = false;
  resume_ = loop_->at(Steady::now() + accept_pause, [this] {
    resume_.reset();
    watch();
  });
}

void Listener::end() {
  if (watching_) loop_->unwatch(fd_, this);
  if (resume_) loop_->cancel(*resume_);
  watching_ = false;
  resume_.reset();
  ::close(std::exchange(fd_, -1));
}

void Listener::on_events(std::uint32_t) {
  while (true) {
    if (!may_accept_()) return pause();
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      accepted_(fd, address_text(address));
      continue;
    }
    if (errno == EAGAIN) return;
    // Out of descriptors or memory: the connection stays in the backlog, so ask again a little later. All other
    // errors belong to one connection that is gone already (accept(2)).
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause();
  }
}

}  // namespace svc::http
