// KeyRing: the signing keys of this system, as files in one directory. The newest signs; the others are still
// published until every token they signed has expired.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "identity/token.h"

namespace svc {

class KeyRing {
 public:
  struct Options {
    std::filesystem::path directory;
    milliseconds rotate_after{0};  ///< age at which the newest key is followed by a new one; 0: never
    milliseconds keep_for{0};      ///< how long a followed key is still published: a token's longest life
  };

  /// Reads the keys, or makes the first. Processes that share the directory share the keys.
  /// Throws std::runtime_error.
  KeyRing(Options options, const Clock& clock);

  /// Thread-safe, both. Look at the directory again at most once a second.
  std::string sign(const Claims& claims);
  Jwks published();

 private:
  struct Held {
    int number;
    Time made;
    SigningKey key;
  };
  void refresh();
  void load();
  void make(int number);

  const Options options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<Held> keys_;  // ascending by number
  Time looked_{};
};

}  // namespace svc
