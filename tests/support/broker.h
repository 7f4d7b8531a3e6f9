// A RabbitMQ of a test's own: Debian's rabbitmq-server on free ports of loopback, with its own data, cookie
// and epmd, so that it meets neither the system's broker nor another test's.
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "support/system.h"

namespace svc::test {

class Broker {
 public:
  /// Whether rabbitmq-server is installed. Where it is not, a line on standard error says SKIPPED.
  static bool there();

  /// Starts it, and waits until it serves; it takes 5 to 25 s.
  explicit Broker(bool with_tls = false);

  /// As guest, who may do everything: "amqp://guest:guest@127.0.0.1:23456".
  std::string url() const { return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  /// Where it speaks TLS. Its certificate is for localhost and 127.0.0.1.
  int tls_port() const { return tls_port_; }
  /// The PEM file of who vouches for its certificate: itself.
  std::string certificate() const { return dir_ / "certificate.pem"; }

  /// Ends it as a crash would.
  void kill();
  /// Lets it end in order.
  void stop();
  /// Again, on the same data and ports.
  void start();
  /// It stands still: connections remain, and nothing comes from it.
  void freeze() const { server_->signal(SIGSTOP); }
  void thaw() const { server_->signal(SIGCONT); }

  /// rabbitmqctl, by which an operator says things. Takes some seconds.
  Outcome control(std::vector<std::string> words) const;
  /// Whether a crash would leave it the quorum queue: it writes the names of new ones to disk some seconds
  /// later (3.10: up to 3 s), and starts those that it does not find there as empty ones that never serve.
  bool keeps(const std::string& queue) const;
  /// What it wrote to its log.
  std::string log() const;

 private:
  void configure() const;
  std::vector<std::string> environment() const;

  TempDir dir_;
  const int port_ = free_port(), dist_port_ = free_port(), epmd_port_ = free_port(), tls_port_;
  std::unique_ptr<Child> epmd_;  // ends after the server
  std::unique_ptr<Child> server_;
};

}  // namespace svc::test
