#include "support/wire.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

namespace svc::test {
namespace {

constexpr auto patience = std::chrono::seconds{30};

struct Reset : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

int milliseconds_of(Wire::Duration limit) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count());
}

// Bytes that came for a server's socket and that it has not read yet; 0 too when there is no such connection.
// Asked of the kernel by sock_diag(7): /proc/net/tcp has it as well, but takes milliseconds.
unsigned unread(int server_port, int client_port) {
  thread_local const int netlink = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  struct {
    nlmsghdr head;
    inet_diag_req_v2 request;
  } question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.request.sdiag_family = AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0U;
  auto& id = question.request.id;
  id.idiag_sport = htons(static_cast<std::uint16_t>(server_port));
  id.idiag_dport = htons(static_cast<std::uint16_t>(client_port));
  id.idiag_src[0] = id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  std::array<char, 8192> answer{};
  if (::send(netlink, &question, sizeof question, 0) < 0) fail("sock_diag");
  const auto got = ::recv(netlink, answer.data(), answer.size(), 0);
  nlmsghdr head{};
  if (got < static_cast<ssize_t>(sizeof head)) fail("sock_diag");
  std::memcpy(&head, answer.data(), sizeof head);
  if (head.nlmsg_type == NLMSG_ERROR) {
    nlmsgerr error{};
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
    if (error.error != -ENOENT) fail(std::string("sock_diag: ") + std::strerror(-error.error));
    return 0;
  }
  inet_diag_msg found{};
  std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
  return found.idiag_rqueue;
}

}  // namespace

std::string Reply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string Reply::code() const {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  return document.is_object() ? document.value("code", "") : "";
}

Wire::Wire(int port, const std::string& from) : from_(from), server_port_(port) { connect(); }

void Wire::connect() {
  in_.clear();
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, from_.c_str(), &address.sin_addr);
  // The port is chosen at connect(2): otherwise one that any connection uses could not be chosen again.
  ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  socklen_t size = sizeof address;
  ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(server_port_));
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    const int error = errno;
    ::close(std::exchange(fd_, -1));
    fail(std::string("connect: ") + std::strerror(error));
  }
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  local_port_ = ntohs(address.sin_port);
}

Wire::~Wire() {
  if (fd_ >= 0) ::close(fd_);
}

Wire::Wire(Wire&& other) noexcept
    : from_(other.from_),
      fd_(std::exchange(other.fd_, -1)),
      local_port_(other.local_port_),
      server_port_(other.server_port_),
      in_(std::move(other.in_)) {}

void Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;  // what the server had to say before it closed is there to be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Wire::send_some(std::string_view bytes) {
  const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void Wire::drip(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    send(bytes.substr(i, 1));
    await_read();
  }
}

void Wire::await_read() const {
  const auto limit = std::chrono::steady_clock::now() + patience;
  while (unread(server_port_, local_port_) != 0) {
    if (std::chrono::steady_clock::now() > limit) fail("the server does not read");
    std::this_thread::yield();  // it takes microseconds, and is asked for at every byte
  }
}

bool Wire::receive(Duration limit) {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, milliseconds_of(limit)) == 0) fail("nothing comes");
  std::array<char, 64 * 1024> piece;
  const auto got = ::recv(fd_, piece.data(), piece.size(), 0);
  if (got < 0 && errno == ECONNRESET) throw Reset("the connection was reset");
  if (got < 0) fail(std::string("recv: ") + std::strerror(errno));
  in_.append(piece.data(), static_cast<std::size_t>(got));
  return got > 0;
}

// The next line without its CR LF; nothing when the connection ends first.
std::optional<std::string> Wire::line() {
  while (true) {
    const auto end = in_.find('\n');
    if (end != std::string::npos) {
      if (end == 0 || in_[end - 1] != '\r') fail("an answer's line ends without CR: " + in_.substr(0, end));
      std::string text = in_.substr(0, end - 1);
      in_.erase(0, end + 1);
      return text;
    }
    if (!receive(patience)) return std::nullopt;
  }
}

std::optional<Reply> Wire::reply(bool bodiless) {
  auto reply = head();
  if (!reply || reply->status < 200 || reply->status == 204 || reply->status == 304 || bodiless) return reply;
  if (reply->header("transfer-encoding") == "chunked") {
    while (true) {
      const auto piece = chunk();
      if (!piece) fail("an answer's body ends early");
      if (piece->empty()) return reply;
      reply->body += *piece;
    }
  }
  if (!reply->headers.contains("content-length")) fail("an answer without Content-Length");
  const auto length = std::stoul(reply->header("content-length"));
  while (in_.size() < length)
    if (!receive(patience)) fail("an answer's body ends early");
  reply->body = in_.substr(0, length);
  in_.erase(0, length);
  return reply;
}

std::optional<std::string> Wire::chunk() {
  try {
    const auto size_line = line();
    if (!size_line) return std::nullopt;
    const auto size = std::stoul(*size_line, nullptr, 16);
    while (in_.size() < size + 2)
      if (!receive(patience)) return std::nullopt;
    if (in_.substr(size, 2) != "\r\n") fail("a chunk does not end where it says");
    const auto piece = in_.substr(0, size);
    in_.erase(0, size + 2);
    return piece;
  } catch (const Reset&) {
    return std::nullopt;
  }
}

std::string Wire::bytes(std::size_t most) {
  try {
    if (in_.empty()) receive(patience);
  } catch (const Reset&) {
    return {};
  }
  const auto some = in_.substr(0, most);
  in_.erase(0, some.size());
  return some;
}

std::optional<Reply> Wire::head() {
  const auto status_line = line();
  if (!status_line) {
    if (!in_.empty()) fail("an answer ends early: " + in_);
    return std::nullopt;
  }
  Reply reply;
  if (!status_line->starts_with("HTTP/1.1 ") || status_line->size() < 13 || (*status_line)[12] != ' ')
    fail("no status line: " + *status_line);
  reply.status = std::stoi(status_line->substr(9, 3));
  while (true) {
    const auto field = line();
    if (!field) fail("an answer's head ends early");
    if (field->empty()) break;
    const auto colon = field->find(": ");
    if (colon == std::string::npos || colon == 0) fail("no header field: " + *field);
    std::string name = field->substr(0, colon);
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (!reply.headers.emplace(name, field->substr(colon + 2)).second) fail(name + " comes twice");
  }
  return reply;
}

std::vector<Reply> Wire::replies() {
  std::vector<Reply> all;
  while (auto next = reply()) all.push_back(std::move(*next));
  return all;
}

bool Wire::ends(Duration limit) {
  if (!in_.empty()) return false;
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, milliseconds_of(limit)) == 0) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) == 0;
}

bool Wire::readable(Duration limit) const {
  if (!in_.empty()) return true;
  pollfd wait{fd_, POLLIN, 0};
  return ::poll(&wait, 1, milliseconds_of(limit)) == 1;
}

bool Wire::is_cut_off() const {
  pollfd wait{fd_, POLLRDHUP, 0};
  return ::poll(&wait, 1, 1) == 1;
}

void Wire::finish() const { ::shutdown(fd_, SHUT_WR); }

void Wire::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
}

void allow_many_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace svc::test
