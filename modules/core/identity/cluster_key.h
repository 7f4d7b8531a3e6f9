// ClusterKey: the secret that the processes of one system share, and the short-lived tokens made with it, by
// which a service shows another that it belongs here (header X-Svc-Cluster).
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace svc {

class ClusterKey {
 public:
  /// A token is good for this long; a new one is made at half of it. Clocks of machines may differ by the rest.
  static constexpr seconds lifetime{60};

  /// Reads the key, or makes it when there is none. Throws std::runtime_error.
  ClusterKey(const std::filesystem::path& file, const Clock& clock);

  /// A token that says "a service named `service` asks". Thread-safe; remembers the last one it made.
  std::string token(std::string_view service) const;
  /// The service that `token` proves, or empty. Thread-safe.
  std::string verify(std::string_view token) const;

 private:
  struct Made {
    std::string service, token;
    Time at{};
  };
  std::string make(std::string_view service, Time now) const;
  std::string mac(std::string_view text) const;

  const Clock& clock_;
  std::string key_;
  mutable std::mutex mutex_;
  mutable std::vector<Made> made_;
  mutable std::vector<Made> verified_;  // the last few: peers send one token many times
};

}  // namespace svc
