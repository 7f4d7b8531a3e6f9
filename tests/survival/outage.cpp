#include "survival/outage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "identity/cluster_key.h"

namespace svc::test {

Outage::Outage() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 1'024) != 0 ||
      ::getsockname(listener_, generic, &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Outage::~Outage() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void Outage::serve() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    std::string head;
    std::array<char, 4'096> piece;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const auto got = ::read(fd, piece.data(), piece.size());
      if (got <= 0) break;
      head.append(piece.data(), static_cast<std::size_t>(got));
    }
    if (!head.empty() && !head.starts_with("GET /health/")) ++asked_;
    ::close(fd);
  }
}

void Outage::register_as(const std::string& service, const System& system, By by) const {
  HeaderList shown;
  if (by == By::system) {
    const SystemClock clock;
    shown = {{"X-Svc-Cluster", ClusterKey(system.data() / "keys" / "cluster", clock).token(service)}};
  } else {
    const auto token = run_command({svc_binary(), "token", "--subject", "outage", "--scope", "register:" + service,
                                    "--data", system.data().string(), "--config=/dev/null"});
    shown = bearer(token.out.substr(0, token.out.find('\n')));
  }
  const nlohmann::json self{{"serviceName", service},
                            {"host", "127.0.0.1"},
                            {"port", port_},
                            {"ttlSeconds", 600},
                            {"metadata", {{"operations", std::to_string(port_)}}}};
  const auto answer = send(system.port("registry"), "POST", "/register", shown, self.dump());
  if (answer.status != 200) throw std::runtime_error("not registered: " + answer.body);
}

}  // namespace svc::test
