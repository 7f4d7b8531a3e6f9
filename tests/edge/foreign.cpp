#include "edge/foreign.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace svc::test {

using nlohmann::json;

std::string Peer::until(std::string_view end) {
  std::size_t at = std::string::npos;
  std::array<char, 64 * 1024> piece;
  while ((at = in_.find(end)) == std::string::npos) {
    const auto got = ::recv(fd_, piece.data(), piece.size(), 0);
    if (got <= 0) return std::exchange(in_, {});
    in_.append(piece.data(), static_cast<std::size_t>(got));
  }
  const auto text = in_.substr(0, at);
  in_.erase(0, at + end.size());
  return text;
}

std::string Peer::head() {
  const auto text = until("\r\n\r\n");
  return text.empty() ? text : text + "\r\n\r\n";
}

std::string Peer::bytes(std::size_t most) {
  if (in_.empty()) {
    std::string piece(most, '\0');
    const auto got = ::recv(fd_, piece.data(), piece.size(), 0);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return piece;
  }
  const auto some = in_.substr(0, most);
  in_.erase(0, some.size());
  return some;
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t Peer::send_some(std::string_view bytes) {
  const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool Peer::answer(const std::string& body, const std::string& fields, const std::string& status) {
  return send("HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n" + fields + "\r\n" + body);
}

bool Peer::left() {
  pollfd wait{fd_, POLLRDHUP, 0};
  return ::poll(&wait, 1, 30'000) == 1;
}

void Peer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

ForeignService::ForeignService(Serve serve) : serve_(std::move(serve)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port to listen on");
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

ForeignService::~ForeignService() {
  kill();
  std::vector<std::thread> talking;
  {
    const std::lock_guard lock(mutex_);
    talking.swap(talking_);
  }
  for (auto& thread : talking) thread.join();
}

void ForeignService::kill() {
  if (dead_.exchange(true)) return;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  const std::lock_guard lock(mutex_);
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
}

void ForeignService::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    talking_.emplace_back([this, fd] { talk(fd); });
  }
}

void ForeignService::talk(int fd) {
  Peer peer(fd);
  while (!dead_) {
    const auto head = peer.head();
    if (head.empty()) break;
    if (head.starts_with("GET /health/ready ")) {
      peer.answer("", "Connection: close\r\n", "404 Not Found");
      break;
    }
    ++asked_;
    if (!serve_(peer, head)) break;
  }
  const std::lock_guard lock(mutex_);
  open_.remove(fd);
  ::close(fd);
}

Edge::Edge(const std::string& routes, std::vector<std::string> flags) {
  std::ofstream(dir_ / "svc.toml") << routes;
  std::vector<std::string> words{svc_binary(), "--data", (dir_ / "data").string(), "--config",
                                 (dir_ / "svc.toml").string()};
  for (const auto* name : {"registry", "gateway", "operations"}) words.push_back(std::string("--port.") + name + "=0");
  words.insert(words.end(), flags.begin(), flags.end());
  child_ = std::make_unique<Child>(words, dir_ / "log");
  const auto line = child_->first_line();
  if (!line) throw std::runtime_error("svc did not start: " + logs());
  ports_ = json::parse(*line).at("ports").get<std::map<std::string, int>>();
}

std::string Edge::logs() const {
  std::ifstream stream(dir_ / "log", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string Edge::token(const std::string& scope) const {
  const auto made = run_command({svc_binary(), "token", "--subject", "program", "--scope", scope, "--ttl", "30d",
                                 "--data", (dir_ / "data").string(), "--config=/dev/null"});
  if (made.status != 0) throw std::runtime_error("svc token: " + made.err);
  return made.out.substr(0, made.out.find('\n'));
}

std::string Edge::add(const std::string& service, int port) {
  const json program{{"serviceName", service}, {"host", "127.0.0.1"}, {"port", port}, {"ttlSeconds", 600}};
  const auto added = send(registry(), "POST", "/register", bearer(token("register:" + service)), program.dump());
  if (added.status != 200) throw std::runtime_error("not registered: " + added.body);
  const auto count = ++added_[service];
  const auto told = std::to_string(count) + (count == 1 ? " instance" : " instances");
  const auto known = [&] {
    return send(ports_.at("operations"), "GET", "/health/ready").json()["links"][service] == told;
  };
  if (!eventually(known)) throw std::runtime_error("the gateway does not hear of " + service);
  return added.json()["instanceId"];
}

long Edge::peak_kib() const {
  std::ifstream stream("/proc/" + std::to_string(child_->pid()) + "/status");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  throw std::runtime_error("no VmHWM");
}

Reply Edge::ask(const std::string& method, const std::string& target, const std::string& fields,
                const std::string& body) const {
  Wire wire(gateway());
  const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  wire.send(method + " " + target + " HTTP/1.1\r\nHost: shop.example:8000\r\n" + fields + length + "\r\n" + body);
  return wire.reply(method == "HEAD").value();
}

std::string route(const std::string& prefix, const std::string& service, const std::string& more) {
  return "[[gateway.routes]]\nprefix = \"" + prefix + "\"\nservice = \"" + service + "\"\n" + more + "\n";
}

std::string field_of(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace svc::test
