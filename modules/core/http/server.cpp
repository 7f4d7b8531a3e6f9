#include "http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <stdexcept>
#include <unordered_set>

#include "async/socket.h"
#include "base/ids.h"
#include "http/problem.h"
#include "observe/log.h"

namespace svc::http {
namespace {

constexpr int backlog = 1024;
constexpr auto accept_pause = milliseconds{50};  // after the process ran out of descriptors or connections
constexpr auto linger_time = seconds{1};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

// RFC 9110 section 5.6.7; made once a second on each loop.
std::string_view http_date() {
  thread_local std::time_t made_for = 0;
  thread_local std::array<char, 40> text{};
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made_for = now;
  }
  return text.data();
}

bool is_sound_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string address_text(const sockaddr_storage& address) {
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0)
    return {};
  return host.data();
}

struct Listening {
  int fd;
  int port;
};

Listening listen_on(const std::string& host, int port) {
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
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(std::strerror(errno));
  // SO_REUSEADDR: a restart need not wait for old connections' TIME_WAIT. Not SO_REUSEPORT, with which two
  // programs would share a port without a word.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, backlog) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    const int error = errno;
    ::close(fd);
    fail(std::strerror(error));
  }
  const auto port_of = [&] {
    return bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                       : reinterpret_cast<sockaddr_in&>(bound).sin_port;
  };
  return {fd, ntohs(port_of())};
}

}  // namespace

// What the connections of one server share. They hold it, so it outlives the server when one of them is slow
// to end.
struct Server::Shared {
  Handler handler;
  ServerOptions options;
  SystemClock clock;
  Uuid7 ids{clock};
  std::atomic<bool> stopping{false};
  std::vector<std::unordered_set<Connection*>> by_loop;  // each set is touched by its own loop only

  std::mutex mutex;
  std::condition_variable fewer;
  std::int64_t open = 0;  // guarded by mutex
};

class Server::Connection final : public Body {
 public:
  static Task<> serve(std::shared_ptr<Shared> shared, std::size_t loop, int fd, std::string peer) {
    {
      Connection connection(*shared, fd, std::move(peer));
      shared->by_loop[loop].insert(&connection);
      auto running = connection.run();
      co_await running;
      shared->by_loop[loop].erase(&connection);
    }
    const std::lock_guard lock(shared->mutex);
    --shared->open;
    shared->fewer.notify_all();
  }

  void end_if_idle() {
    if (idle_) socket_.interrupt();
  }
  void abort() { ::shutdown(socket_.fd(), SHUT_RDWR); }

  // Body
  Task<Result<std::string>> read(std::size_t limit) override;
  bool empty() const override { return !framing_.has_body(); }

 private:
  Connection(Shared& shared, int fd, std::string peer) : shared_(shared), socket_(fd), peer_(std::move(peer)) {}

  Task<> run();
  Task<bool> await_head();
  Task<Response> answer(Request& request);
  Task<bool> send(const Response& response, bool head_only, bool keep);
  Task<bool> send_bytes(std::string_view head, std::string_view body);
  Task<> linger();
  Task<Result<std::string>> read_from_socket(std::size_t limit);
  Task<Result<Nothing>> more_body(Steady::time_point limit);
  Request request_of(const RequestHead& head);
  bool skip_body();
  Socket::Outcome fill();
  Steady::time_point in_ms(std::int64_t ms) const { return Steady::now() + milliseconds{ms}; }

  Shared& shared_;
  Socket socket_;
  const std::string peer_;
  std::string in_;        // received and not yet used
  std::string head_;      // of the present request
  std::string out_;       // head of the present answer
  Framing framing_;       // of the present request's body
  bool body_taken_ = false;
  bool idle_ = false;
  bool expects_continue_ = false;
  std::optional<Response> refused_;  // by await_head
};

Socket::Outcome Server::Connection::fill() {
  std::array<char, 16 * 1024> chunk;
  const auto got = socket_.read(chunk.data(), chunk.size());
  if (got.outcome == Socket::Outcome::done) in_.append(chunk.data(), got.bytes);
  return got.outcome;
}

// Moves the next request's head from in_ to head_. False when there will be none; refused_ then holds what to
// say about it, if anything.
Task<bool> Server::Connection::await_head() {
  HeadScanner scanner;
  bool begun = false;
  auto limit = in_ms(shared_.options.idle_timeout_ms);
  if (in_.starts_with("\r\n")) in_.erase(0, 2);  // RFC 9112 section 2.2
  while (true) {
    const auto state = scanner.scan(in_, shared_.options.limits);
    if (state == HeadScanner::State::complete) {
      head_.assign(in_, 0, scanner.end());
      in_.erase(0, scanner.end());
      co_return true;
    }
    if (state == HeadScanner::State::broken) {
      const auto& fault = scanner.fault();
      refused_ = problem(fault.status, fault.reason, fault.detail);
      co_return false;
    }
    if (!in_.empty() && !begun) {
      begun = true;
      limit = in_ms(shared_.options.header_timeout_ms);
    }
    const auto outcome = fill();
    if (outcome == Socket::Outcome::closed) co_return false;
    if (outcome == Socket::Outcome::done) continue;
    idle_ = in_.empty();
    if (idle_ && shared_.stopping) co_return false;
    if (idle_ && in_.capacity() > 4096) in_.shrink_to_fit();
    auto readable = socket_.readable(limit);
    const bool in_time = co_await readable;
    idle_ = false;
    if (in_time) continue;
    if (!in_.empty()) refused_ = problem(408, "request_timeout", "The request's head came too slowly");
    co_return false;
  }
}

Request Server::Connection::request_of(const RequestHead& head) {
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.path = head.path;
  request.query = head.query;
  request.headers = head.headers;
  request.body = this;
  request.peer_address = peer_;
  const auto id = head.headers.get("X-Request-Id");
  request.request_id = is_sound_request_id(id) ? std::string(id) : shared_.ids.next();
  return request;
}

Task<> Server::Connection::run() {
  while (true) {
    auto awaiting = await_head();
    const bool got_head = co_await awaiting;
    RequestHead head;
    if (got_head)
      if (const auto fault = parse_request_head(head_, shared_.options.limits, head))
        refused_ = problem(fault->status, fault->reason, fault->detail);
    if (refused_) {
      refused_->headers.emplace_back("X-Request-Id", shared_.ids.next());
      auto sending = send(*refused_, false, false);
      const bool sent = co_await sending;
      if (sent) {
        auto lingering = linger();
        co_await lingering;
      }
      co_return;
    }
    if (!got_head) co_return;

    framing_ = head.framing;
    body_taken_ = false;
    expects_continue_ = head.expects_continue;
    Request request = request_of(head);
    auto answering = answer(request);
    Response response = co_await answering;
    response.headers.emplace_back("X-Request-Id", std::move(request.request_id));

    const bool body_gone = skip_body();
    const bool keep = head.keep_alive && body_gone && !response.close && !shared_.stopping;
    auto sending = send(response, head.method == "HEAD", keep);
    const bool sent = co_await sending;
    if (!sent) co_return;
    if (!keep) {
      auto lingering = linger();
      co_await lingering;
      co_return;
    }
  }
}

Task<Response> Server::Connection::answer(Request& request) {
  std::string thrown;
  try {
    auto answering = shared_.handler(request);
    Response response = co_await answering;
    co_return response;
  } catch (const std::exception& exception) {
    thrown = exception.what();
  }
  log::error("defect", {{"at", "http"}, {"request", request.request_id}, {"what", thrown}});
  co_return problem(Error{Code::internal, "internal", "The log has it under this request's id"});
}

// Whether the request's body is out of the way, so that another request can follow.
bool Server::Connection::skip_body() {
  if (!framing_.has_body() || body_taken_) return true;
  if (framing_.length && *framing_.length <= in_.size()) {
    in_.erase(0, static_cast<std::size_t>(*framing_.length));
    return true;
  }
  return false;  // it may never come, or be endless: better to end the connection
}

Task<Result<std::string>> Server::Connection::read(std::size_t limit) {
  if (body_taken_ || !framing_.has_body()) return Result<std::string>(std::string{});
  if (framing_.length.value_or(0) > limit)
    return fail(Code::too_large, "body_too_large", "The body may have " + std::to_string(limit) + " bytes");
  if (framing_.length && *framing_.length <= in_.size()) {  // it came with the head
    const auto size = static_cast<std::size_t>(*framing_.length);
    body_taken_ = true;
    if (in_.size() == size) return Result<std::string>(std::exchange(in_, {}));
    std::string body = in_.substr(0, size);
    in_.erase(0, size);
    return Result<std::string>(std::move(body));
  }
  return read_from_socket(limit);
}

// Receives into in_. A fault when nothing more will come in time.
Task<Result<Nothing>> Server::Connection::more_body(Steady::time_point limit) {
  while (true) {
    const auto outcome = fill();
    if (outcome == Socket::Outcome::done) co_return Nothing{};
    if (outcome == Socket::Outcome::closed) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
    auto readable = socket_.readable(limit);
    const bool in_time = co_await readable;
    if (!in_time) co_return fail(Code::too_slow, "body_timeout", "The body came too slowly");
  }
}

Task<Result<std::string>> Server::Connection::read_from_socket(std::size_t limit) {
  const auto time_limit = in_ms(shared_.options.body_timeout_ms);
  if (expects_continue_ && in_.empty()) {
    auto sending = send_bytes("HTTP/1.1 100 Continue\r\n\r\n", {});
    const bool sent = co_await sending;
    if (!sent) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
  }
  std::string body;
  ChunkedDecoder chunks;
  while (true) {
    if (framing_.chunked) {
      std::string_view bytes = in_;
      const auto fault = chunks.decode(bytes, body, limit);
      in_.erase(0, in_.size() - bytes.size());
      if (fault) co_return fail(Code::malformed, std::string(fault->reason), std::string(fault->detail));
      if (chunks.too_large())
        co_return fail(Code::too_large, "body_too_large", "The body may have " + std::to_string(limit) + " bytes");
      if (chunks.done()) break;
    } else {
      const auto take = std::min(in_.size(), static_cast<std::size_t>(*framing_.length) - body.size());
      body.append(in_, 0, take);
      in_.erase(0, take);
      if (body.size() == *framing_.length) break;
    }
    auto receiving = more_body(time_limit);
    auto received = co_await receiving;
    if (!received) co_return refusal(received);
  }
  body_taken_ = true;
  co_return body;
}

Task<bool> Server::Connection::send(const Response& response, bool head_only, bool keep) {
  out_.assign("HTTP/1.1 ");
  out_ += std::to_string(response.status);
  out_ += ' ';
  out_ += reason_phrase(response.status);
  out_ += "\r\nDate: ";
  out_ += http_date();
  if (!response.content_type.empty()) {
    out_ += "\r\nContent-Type: ";
    out_ += response.content_type;
  }
  if (response.status != 204) {
    out_ += "\r\nContent-Length: ";
    out_ += std::to_string(response.head_length.value_or(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) {
    out_ += "\r\n";
    out_ += name;
    out_ += ": ";
    out_ += value;
  }
  out_ += keep ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return send_bytes(out_, head_only ? std::string_view{} : std::string_view{response.body});
}

Task<bool> Server::Connection::send_bytes(std::string_view head, std::string_view body) {
  const auto limit = in_ms(shared_.options.write_timeout_ms);
  while (!head.empty() || !body.empty()) {
    const std::array<iovec, 2> pieces{iovec{const_cast<char*>(head.data()), head.size()},
                                      iovec{const_cast<char*>(body.data()), body.size()}};
    const auto sent = socket_.write(pieces);
    if (sent.outcome == Socket::Outcome::closed) co_return false;
    if (sent.outcome == Socket::Outcome::wait) {
      auto writable = socket_.writable(limit);
      const bool in_time = co_await writable;
      if (!in_time) co_return false;
      continue;
    }
    const auto of_head = std::min(sent.bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(sent.bytes - of_head);
  }
  co_return true;
}

// Lets the other end read the last answer before the connection goes: closing with bytes unread would reset it
// (RFC 9112 section 9.6).
Task<> Server::Connection::linger() {
  ::shutdown(socket_.fd(), SHUT_WR);
  const auto limit = Steady::now() + linger_time;
  for (std::size_t dropped = 0; dropped < linger_bytes;) {
    in_.clear();
    const auto outcome = fill();
    dropped += in_.size();
    if (outcome == Socket::Outcome::closed) co_return;
    if (outcome == Socket::Outcome::done) continue;
    auto readable = socket_.readable(limit);
    const bool in_time = co_await readable;
    if (!in_time) co_return;
  }
}

// Accepts on the first loop and deals connections out to all.
struct Server::Acceptor final : Watcher {
  Acceptor(Loops& all, int fd, std::shared_ptr<Shared> state) : loops(all), listener(fd), shared(std::move(state)) {}

  void on_events(std::uint32_t) override {
    while (true) {
      {
        const std::lock_guard lock(shared->mutex);
        if (shared->open >= shared->options.connections) return pause();
      }
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        hand_out(fd, address_text(address));
        continue;
      }
      if (errno == EAGAIN) return;
      // Out of descriptors or memory: the connection stays in the backlog, so ask again a little later. All
      // other errors belong to one connection that is gone already (accept(2)).
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause();
    }
  }

  void hand_out(int fd, std::string peer) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    {
      const std::lock_guard lock(shared->mutex);
      ++shared->open;
    }
    const std::size_t loop = next++ % loops.size();
    loops[loop].post([state = shared, loop, fd, peer = std::move(peer)] {
      detach(Connection::serve(state, loop, fd, peer));
    });
  }

  void listen() {
    watching = true;
    loops[0].watch(listener, EPOLLIN, this);
  }
  void pause() {
    loops[0].unwatch(listener, this);
    watching = false;
    resume_timer = loops[0].at(Steady::now() + accept_pause, [this] {
      resume_timer.reset();
      listen();
    });
  }
  void end() {
    if (watching) loops[0].unwatch(listener, this);
    if (resume_timer) loops[0].cancel(*resume_timer);
    watching = false;
    resume_timer.reset();
  }

  Loops& loops;
  const int listener;
  std::shared_ptr<Shared> shared;
  std::size_t next = 0;
  bool watching = false;
  std::optional<Loop::TimerId> resume_timer;
};

Server::Server(Loops& loops, const std::string& host, int port, Handler handler, ServerOptions options)
    : loops_(loops), shared_(std::make_shared<Shared>()) {
  const auto listening = listen_on(host, port);
  listener_ = listening.fd;
  port_ = listening.port;
  shared_->handler = std::move(handler);
  shared_->options = options;
  shared_->by_loop.resize(loops.size());
}

Server::~Server() {
  if (listener_ >= 0) ::close(listener_);
}

void Server::start() {
  acceptor_ = std::make_unique<Acceptor>(loops_, listener_, shared_);
  loops_[0].post([acceptor = acceptor_.get()] { acceptor->listen(); });
}

void Server::stop(Steady::duration limit) {
  if (!acceptor_) return;
  const auto until = Steady::now() + limit;
  shared_->stopping = true;
  loops_[0].post([this] {
    acceptor_->end();
    ::close(std::exchange(listener_, -1));  // new clients are refused at once, not kept waiting
    const std::lock_guard lock(shared_->mutex);
    acceptor_.reset();
    shared_->fewer.notify_all();
  });
  const auto on_every_connection = [this](void (Connection::*action)()) {
    for (std::size_t i = 0; i < loops_.size(); ++i)
      loops_[i].post([state = shared_, i, action] {
        const auto connections = state->by_loop[i];  // a copy: an ended one leaves the set
        for (Connection* connection : connections) (connection->*action)();
      });
  };
  on_every_connection(&Connection::end_if_idle);
  std::unique_lock lock(shared_->mutex);
  const auto all_gone = [this] { return shared_->open == 0 && !acceptor_; };
  if (shared_->fewer.wait_until(lock, until, all_gone)) return;
  lock.unlock();
  on_every_connection(&Connection::abort);
  lock.lock();
  shared_->fewer.wait_for(lock, seconds{1}, all_gone);
}

}  // namespace svc::http
