// Outage: something in place of a service that takes every request, counts it, and ends the connection without a word.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "support/system.h"

namespace svc::test {

class Outage {
 public:
  Outage();
  ~Outage();
  Outage(const Outage&) = delete;
  Outage& operator=(const Outage&) = delete;

  enum class By { system, stranger };  ///< with the key of the system, or with a token for one service
  /// Registers with the registry of `system`.
  void register_as(const std::string& service, const System& system, By by = By::system) const;
  /// Requests that came, but for the registry's own.
  int asked() const { return asked_; }

 private:
  void serve();

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> asked_{0};
  std::thread thread_;
};

}  // namespace svc::test
