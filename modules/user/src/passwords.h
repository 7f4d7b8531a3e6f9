// Passwords: Argon2id (RFC 9106) on threads of its own, few at once, since each takes its memory and some ten
// milliseconds of a core.
#pragma once

#include <string>

#include "async/pool.h"
#include "async/task.h"
#include "base/error.h"
#include "user/module.h"

namespace svc::user {

class Passwords {
 public:
  explicit Passwords(const Config& config);

  /// In PHC string format, with its salt. Code::unavailable when too many wait.
  Task<Result<std::string>> hash(std::string password);
  /// Whether `password` is the one of `hash`. An empty hash is nobody's: false, after the same time.
  Task<Result<bool>> verify(std::string password, std::string hash);

 private:
  const unsigned long long passes_;
  const std::size_t memory_;
  const std::string nobodys_;
  Pool pool_;
};

}  // namespace svc::user
