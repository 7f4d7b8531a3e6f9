#include "http/channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace svc::http {
namespace {

constexpr std::size_t record = 16 * 1024;  // RFC 8446 section 5.1

}  // namespace

Channel::Channel(int fd, const TlsContext* tls)
    : socket_(fd), session_(tls != nullptr ? tls->accept(fd) : TlsContext::Session(nullptr, SSL_free)) {}

// What OpenSSL's answer means. It reads and writes the socket itself, so the socket is told what it found out.
Socket::Transfer Channel::outcome_of(int result) {
  if (result > 0) return {Socket::Outcome::done, static_cast<std::size_t>(result)};
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return {Socket::Outcome::closed};
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (wants_write_) socket_.expect_writable();
  else socket_.expect_readable();
  return {Socket::Outcome::wait};
}

Socket::Transfer Channel::read(char* into, std::size_t size) {
  if (session_) return outcome_of(SSL_read(session_.get(), into, static_cast<int>(std::min(size, record))));
  wants_write_ = false;
  return socket_.read(into, size);
}

Socket::Transfer Channel::write(std::span<const iovec> pieces) {
  if (!session_) {
    wants_write_ = true;
    return socket_.write(pieces);
  }
  // One record for head and body. What could not be written is offered again from its beginning, so the same bytes
  // come together again, as OpenSSL wants it.
  std::array<char, record> gathered;
  std::size_t size = 0;
  for (const auto& piece : pieces) {
    const auto take = std::min(piece.iov_len, record - size);
    if (take == 0) continue;  // an empty piece may point nowhere
    std::memcpy(gathered.data() + size, piece.iov_base, take);
    size += take;
  }
  return outcome_of(SSL_write(session_.get(), gathered.data(), static_cast<int>(size)));
}

Socket::Outcome Channel::receive(std::string& into) {
  std::array<char, 16 * 1024> chunk;
  const auto got = read(chunk.data(), chunk.size());
  if (got.outcome == Socket::Outcome::done) into.append(chunk.data(), got.bytes);
  return got.outcome;
}

Task<bool> Channel::send(std::array<std::string_view, 3> left, Steady::time_point limit) {
  while (std::ranges::any_of(left, [](auto piece) { return !piece.empty(); })) {
    std::array<iovec, 3> pieces{};
    for (std::size_t i = 0; i < left.size(); ++i) pieces[i] = {const_cast<char*>(left[i].data()), left[i].size()};
    auto sent = write(pieces);
    if (sent.outcome == Socket::Outcome::closed) co_return false;
    if (sent.outcome == Socket::Outcome::wait) {
      auto waiting = ready(limit);
      const bool in_time = co_await waiting;
      if (!in_time) co_return false;
      continue;
    }
    for (auto& piece : left) {
      const auto gone = std::min(sent.bytes, piece.size());
      piece.remove_prefix(gone);
      sent.bytes -= gone;
    }
  }
  co_return true;
}

Socket::Outcome Channel::shake_hands() {
  return session_ ? outcome_of(SSL_do_handshake(session_.get())).outcome : Socket::Outcome::done;
}

void Channel::end() {
  if (session_) SSL_shutdown(session_.get());
  ERR_clear_error();
  ::shutdown(socket_.fd(), SHUT_WR);
}

void Channel::abort() { ::shutdown(socket_.fd(), SHUT_RDWR); }

void Channel::reset_at_end() {
  const linger at_once{1, 0};
  ::setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace svc::http
