// SignInGuard: slows down guessing. A sign-in counts as failed from the moment it is tried until it succeeds, so
// that many tried at once cannot slip past the limit. The counts are in the database, shared by all processes.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "sql/database.h"
#include "user/module.h"

namespace svc::user {

class SignInGuard {
 public:
  /// What it refers to must outlive it.
  SignInGuard(sql::Database& database, const Clock& clock, Ids& ids, const Config& config)
      : database_(database), clock_(clock), ids_(ids), config_(config) {}

  /// Notes an attempt, and answers its id; Code::exhausted when there have been too many.
  Task<Result<std::string>> attempt(std::string email_key, std::string address, Steady::time_point deadline);
  /// The attempt was a success: the account's failures are forgotten.
  Task<Result<Nothing>> succeeded(std::string email_key, Steady::time_point deadline);
  /// The attempt came to no verdict: it does not count.
  Task<Result<Nothing>> withdraw(std::string attempt, Steady::time_point deadline);

 private:
  sql::Database& database_;
  const Clock& clock_;
  Ids& ids_;
  const Config config_;
};

}  // namespace svc::user
