#include "support/broker.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "support/certificate.h"
#include "support/eventually.h"

namespace svc::test {
namespace {

// The scripts themselves: those in /usr/sbin would make us the user rabbitmq, or refuse.
const std::string scripts = "/usr/lib/rabbitmq/bin/";

bool accepts(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

bool Broker::there() {
  const bool found = std::filesystem::exists(scripts + "rabbitmq-server");
  if (!found) std::cerr << "SKIPPED: rabbitmq-server is not installed\n";
  return found;
}

Broker::Broker(bool with_tls) : tls_port_(with_tls ? free_port() : 0) {
  configure();
  epmd_ = std::make_unique<Child>(
      std::vector<std::string>{"epmd", "-address", "127.0.0.1", "-port", std::to_string(epmd_port_)},
      dir_ / "epmd.log");
  if (!eventually([&] { return accepts(epmd_port_); })) throw std::runtime_error("epmd did not start");
  start();
}

void Broker::configure() const {
  std::ofstream settings(dir_ / "rabbitmq.conf");
  settings << "listeners.tcp.1 = 127.0.0.1:" << port_ << "\ndisk_free_limit.absolute = 1MB\n";
  if (tls_port_ != 0) {
    make_certificate("broker", certificate(), dir_ / "key.pem", "DNS:localhost,IP:127.0.0.1");
    settings << "listeners.ssl.1 = 127.0.0.1:" << tls_port_ << "\nssl_options.certfile = " << certificate()
             << "\nssl_options.keyfile = " << (dir_ / "key.pem").string() << "\nssl_options.verify = verify_none\n";
  }
  // Given, so that the system's are not read.
  std::ofstream(dir_ / "advanced.config") << "[].\n";
  std::ofstream(dir_ / "enabled_plugins") << "[].\n";
  std::ofstream(dir_ / "environment");
}

std::vector<std::string> Broker::environment() const {
  const auto file = [&](const char* name) { return (dir_ / name).string(); };
  return {"HOME=" + dir_.path().string(),  // where the cookie is
          "ERL_EPMD_PORT=" + std::to_string(epmd_port_),
          "RABBITMQ_NODENAME=svc-test-" + std::to_string(port_) + "@localhost",
          "RABBITMQ_DIST_PORT=" + std::to_string(dist_port_), "RABBITMQ_CONF_ENV_FILE=" + file("environment"),
          "RABBITMQ_CONFIG_FILE=" + file("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + file("advanced.config"),
          "RABBITMQ_ENABLED_PLUGINS_FILE=" + file("enabled_plugins"), "RABBITMQ_MNESIA_BASE=" + file("data"),
          "RABBITMQ_LOG_BASE=" + file("log"), "RABBITMQ_LOGS=" + file("broker.log"), "RABBITMQ_PID_FILE=" + file("pid"),
          // With these the script becomes the server, so that the child is it; else it stays before it, and
          // leaves it behind.
          "RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_START_ARGS=-noinput -kernel inet_dist_use_interface {127,0,0,1}"};
}

void Broker::start() {
  server_ = std::make_unique<Child>(std::vector<std::string>{scripts + "rabbitmq-server"}, dir_ / "server.log",
                                    environment());
  const auto serves = [&] { return accepts(port_) && (tls_port_ == 0 || accepts(tls_port_)); };
  const auto settled = [&] { return !server_->running() || serves(); };
  if (!eventually(settled, std::chrono::seconds{180}) || !server_->running())
    throw std::runtime_error("rabbitmq-server did not start: " + log() + read_text(dir_ / "server.log"));
}

void Broker::kill() {
  server_->signal(SIGKILL);
  server_->wait();
}

void Broker::stop() {
  server_->signal(SIGTERM);
  server_->wait();
}

Outcome Broker::control(std::vector<std::string> words) const {
  words.insert(words.begin(), scripts + "rabbitmqctl");
  return run_command(words, environment());
}

bool Broker::keeps(const std::string& queue) const {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "data"))
    if (entry.path().filename() == "names.dets" && read_text(entry.path()).find(queue) != std::string::npos)
      return true;
  return false;
}

std::string Broker::log() const { return read_text(dir_ / "broker.log"); }

}  // namespace svc::test
