// A mail server that is not ours (npm's smtp-server), on loopback.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/system.h"

namespace svc::test {

class SmtpServer {
 public:
  /// Whether it is installed. Where it is not, a line on standard error says SKIPPED.
  static bool there();

  /// Starts it. `options` are those of smtp_server.cjs.
  explicit SmtpServer(nlohmann::json options) : options_(std::move(options)) { start(); }

  /// Again, on the port that it had.
  void start();
  void stop() { child_.reset(); }
  void signal(int number) const { child_->signal(number); }
  int port() const { return options_["port"]; }
  std::size_t count() const { return mails().size(); }
  /// Whether it has been sent what it does not answer.
  bool hangs() const;
  /// What it took, as it came.
  std::vector<std::string> mails() const;
  nlohmann::json envelope(int number) const;

 private:
  TempDir dir_;
  nlohmann::json options_;
  std::optional<Child> child_;
};

}  // namespace svc::test
