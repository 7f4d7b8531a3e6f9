#include "http/client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/integer.h"
#include "http/client_stream.h"

namespace svc::http {
namespace {

tl::unexpected<Error> unreachable(const Address& address) {
  return fail(Code::unavailable, std::string(unreachable_reason),
              "Nothing answers at " + address.host + ":" + std::to_string(address.port));
}

bool is_sound_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string head_of(const Address& address, const Outgoing& request) {
  const bool is_v6 = address.host.find(':') != std::string::npos;  // between brackets (RFC 3986 section 3.2.2)
  std::string head = request.method + " " + request.target +
                     " HTTP/1.1\r\nHost: " + (is_v6 ? "[" + address.host + "]" : address.host) + ":" +
                     std::to_string(address.port) + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_sound_value(value)) continue;  // it could add a header, or a request, of its own
    head += name + ": " + value + "\r\n";
  }
  const Body* const streamed = request.streaming ? request.streaming->content : nullptr;
  const bool expected = request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  if (streamed != nullptr && !streamed->length()) head += "Transfer-Encoding: chunked\r\n";
  else if (streamed != nullptr) head += "Content-Length: " + std::to_string(*streamed->length()) + "\r\n";
  else if (!request.body.empty() || expected) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return head + "\r\n";
}

std::vector<std::string> resolve_name(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> addresses;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return addresses;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text.data());
  }
  return addresses;
}

struct Numeric {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Numeric> numeric_address(const std::string& host, int port) {
  Numeric numeric;
  auto& v4 = reinterpret_cast<sockaddr_in&>(numeric.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(numeric.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    numeric.size = sizeof v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    numeric.size = sizeof v6;
  } else {
    return std::nullopt;
  }
  return numeric;
}

}  // namespace

std::optional<Address> parse_base_url(std::string_view url) {
  if (!url.starts_with("http://")) return std::nullopt;
  url.remove_prefix(7);
  if (url.ends_with('/')) url.remove_suffix(1);
  Address address;
  std::string_view port = "80";
  if (url.starts_with('[')) {  // IPv6 (RFC 3986 section 3.2.2)
    const auto close = url.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    address.host = url.substr(1, close - 1);
    url.remove_prefix(close + 1);
    if (!url.empty() && url.front() != ':') return std::nullopt;
    if (!url.empty()) port = url.substr(1);
  } else {
    const auto colon = url.find(':');
    address.host = url.substr(0, colon);
    if (colon != std::string_view::npos) port = url.substr(colon + 1);
  }
  address.port = parse_integer<int>(port).value_or(0);
  const bool sound = address.port > 0 && address.port < 65536;
  if (!sound || address.host.empty() || address.host.find_first_of("/?#@ ") != std::string::npos) return std::nullopt;
  return address;
}

Client::Client(ClientOptions options, HostRules hosts) : options_(options), hosts_(std::move(hosts)) {}
Client::~Client() = default;

void Client::hang_up() {
  const std::lock_guard lock(mutex_);
  hung_up_ = true;
  for (Connection* connection : in_use_) ::shutdown(connection->socket.fd(), SHUT_RDWR);
}

Task<Result<std::vector<std::string>>> Client::resolve(std::string host) {
  if (numeric_address(host, 0)) co_return std::vector<std::string>{host};
  auto resolving = resolver_.run([host] { return resolve_name(host); });
  auto addresses = co_await resolving;
  co_return addresses;
}

std::unique_ptr<Client::Connection> Client::take_kept(const Address& address) {
  const auto oldest = Steady::now() - milliseconds{options_.idle_timeout_ms};
  Kept stale;  // closed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find({&Loop::current(), address});
  if (found == kept_.end()) return nullptr;
  auto& kept = found->second;
  while (!kept.empty()) {
    auto connection = std::move(kept.back());
    kept.pop_back();
    if (!connection->socket.peer_gone() && connection->idle_since > oldest) return connection;
    stale.push_back(std::move(connection));
  }
  kept_.erase(found);  // addresses come and go
  return nullptr;
}

void Client::keep(const Address& address, std::unique_ptr<Connection> connection) {
  connection->idle_since = Steady::now();
  if (options_.idle_connections == 0) return;
  const std::lock_guard lock(mutex_);
  auto& kept = kept_[{&Loop::current(), address}];
  if (kept.size() < static_cast<std::size_t>(options_.idle_connections)) kept.push_back(std::move(connection));
}

Task<Result<std::unique_ptr<Client::Connection>>> Client::connect(Address address, Steady::time_point deadline) {
  auto resolving = resolve(address.host);
  auto hosts = co_await resolving;
  if (!hosts) co_return refusal(hosts);
  for (const auto& host : *hosts) {
    const auto numeric = numeric_address(host, address.port);
    if (!numeric || (host != address.host && hosts_.refuses(host))) continue;
    const int fd = ::socket(numeric->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return fail(Code::unavailable, "no_descriptor", std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&numeric->storage), numeric->size) != 0 &&
        errno != EINPROGRESS) {
      ::close(fd);
      continue;
    }
    auto connection = std::make_unique<Connection>(fd);
    const InUse in_use(*this, *connection);
    connection->socket.expect_writable();
    const auto limit = std::min(deadline, Steady::now() + milliseconds{options_.connect_timeout_ms});
    auto connected = connection->socket.writable(limit);
    const bool in_time = co_await connected;
    if (in_time && connection->socket.take_error() == 0) co_return connection;
    if (!in_time && Steady::now() >= deadline) co_return fail(no_answer_in_time());
  }
  co_return unreachable(address);
}

Task<Result<Response>> Client::send(Address address, std::shared_ptr<const Outgoing> wish,
                                    Steady::time_point deadline) {
  const Outgoing& request = *wish;
  const std::string head = head_of(address, request);
  auto connection = take_kept(address);
  while (true) {
    const bool was_kept = connection != nullptr;
    if (!was_kept) {
      auto connecting = connect(address, deadline);
      auto connected = co_await connecting;
      if (!connected) co_return refusal(connected);
      connection = std::move(*connected);
    }
    bool reusable = false;
    std::optional<InUse> in_use;
    std::shared_ptr<Stream> stream;
    if (request.streaming) stream = std::make_shared<Stream>(*this, address, std::move(connection), request);
    else in_use.emplace(*this, *connection);
    auto exchanging =
        stream ? stream->begin(stream, head, deadline) : exchange(*connection, request, head, deadline, reusable);
    auto response = co_await exchanging;
    in_use.reset();
    if (response) {
      if (reusable) keep(address, std::move(connection));
      co_return std::move(*response);
    }
    connection.reset();
    // The other side may close a kept connection just as it is used again; then the request was not read.
    if (was_kept && response.error().before_first_byte && request.repeatable) continue;
    co_return fail(std::move(response.error().error));
  }
}

// Receives into connection.in. True: some bytes; false: the other end has closed.
Task<tl::expected<bool, Client::Failure>> Client::receive(Connection& connection, Steady::time_point deadline) {
  std::array<char, 16 * 1024> chunk;
  while (true) {
    const auto got = connection.socket.read(chunk.data(), chunk.size());
    if (got.outcome == Socket::Outcome::done) {
      connection.in.append(chunk.data(), got.bytes);
      co_return true;
    }
    if (got.outcome == Socket::Outcome::closed) co_return false;
    auto readable = connection.socket.readable(deadline);
    const bool in_time = co_await readable;
    if (!in_time) co_return tl::unexpected(Failure{no_answer_in_time()});
  }
}

Task<Client::Exchanged> Client::exchange(Connection& connection, const Outgoing& request, std::string head,
                                         Steady::time_point deadline, bool& reusable) {
  const Failure lost{connection_lost(), connection.in.empty()};
  const Failure malformed{Error{Code::internal, "foreign_answer", "The answer is malformed"}};

  std::string_view head_left = head, body_left = request.body;
  while (!head_left.empty() || !body_left.empty()) {
    const std::array<iovec, 2> pieces{iovec{const_cast<char*>(head_left.data()), head_left.size()},
                                      iovec{const_cast<char*>(body_left.data()), body_left.size()}};
    const auto sent = connection.socket.write(pieces);
    if (sent.outcome == Socket::Outcome::closed) co_return tl::unexpected(lost);
    if (sent.outcome == Socket::Outcome::wait) {
      auto writable = connection.socket.writable(deadline);
      const bool in_time = co_await writable;
      if (!in_time) co_return tl::unexpected(Failure{no_answer_in_time()});
      continue;
    }
    const auto of_head = std::min(sent.bytes, head_left.size());
    head_left.remove_prefix(of_head);
    body_left.remove_prefix(sent.bytes - of_head);
  }

  const Limits limits{};
  ResponseHead parsed;
  std::string head_text;
  bool first = true;
  do {  // answers of 1xx come before the answer (RFC 9110 section 15.2)
    HeadScanner scanner;
    while (true) {
      const auto state = scanner.scan(connection.in, limits);
      if (state == HeadScanner::State::complete) break;
      if (state == HeadScanner::State::broken) co_return tl::unexpected(malformed);
      auto receiving = receive(connection, deadline);
      auto received = co_await receiving;
      if (!received) co_return tl::unexpected(std::move(received.error()));
      if (!*received) co_return tl::unexpected(first ? lost : Failure{connection_lost()});
      first = false;
    }
    head_text.assign(connection.in, 0, scanner.end());
    connection.in.erase(0, scanner.end());
    parsed = {};
    if (parse_response_head(head_text, limits, parsed)) co_return tl::unexpected(malformed);
    if (parsed.status == 101) co_return tl::unexpected(malformed);  // nothing else was asked for
  } while (parsed.status < 200);

  Response response{parsed.status};
  for (const auto& [name, value] : parsed.headers) {
    if (same_name(name, "Content-Type")) response.content_type = value;
    else response.headers.emplace_back(name, value);
  }
  reusable = parsed.keep_alive;
  if (has_no_content(request.method, parsed.status)) {
    reusable = reusable && connection.in.empty();
    co_return response;
  }
  const auto answer_limit = static_cast<std::size_t>(options_.answer_limit);
  const bool until_close = !parsed.framing.chunked && !parsed.framing.length;
  if (until_close) reusable = false;
  ChunkedDecoder chunks;
  while (true) {
    if (parsed.framing.chunked) {
      std::string_view bytes = connection.in;
      const auto fault = chunks.decode(bytes, response.body, answer_limit);
      connection.in.erase(0, connection.in.size() - bytes.size());
      if (fault || chunks.too_large()) co_return tl::unexpected(malformed);
      if (chunks.done()) break;
    } else {
      const auto wanted =
          until_close ? connection.in.size()
                      : std::min<std::uint64_t>(connection.in.size(), *parsed.framing.length - response.body.size());
      if (response.body.size() + wanted > answer_limit) co_return tl::unexpected(malformed);
      response.body.append(connection.in, 0, wanted);
      connection.in.erase(0, wanted);
      if (!until_close && response.body.size() == *parsed.framing.length) break;
    }
    auto receiving = receive(connection, deadline);
    auto received = co_await receiving;
    if (!received) co_return tl::unexpected(std::move(received.error()));
    if (!*received) {
      if (until_close) break;
      co_return tl::unexpected(Failure{connection_lost()});
    }
  }
  reusable = reusable && connection.in.empty();  // bytes beyond the answer belong to nothing that was asked
  co_return response;
}

}  // namespace svc::http
