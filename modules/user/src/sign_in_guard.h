// SignInGuard: slows down guessing. Failures are counted by account and by address; and no more are tried at once
// than may still fail, so that many guesses at a time cannot slip past the limit. The counts are in the database,
// shared by all processes.
#pragma once

#include <atomic>
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

  /// Notes an attempt, and answers its id; waits while as many are being tried as may still fail.
  /// Code::exhausted when too many have failed, Code::unavailable when the wait is too long.
  Task<Result<std::string>> attempt(std::string email_key, std::string address, Steady::time_point deadline);
  /// How an attempt ended: as a success, which forgets the failures of the account; as a failure; or without a
  /// verdict, so that it does not count. Noted beyond the caller's deadline too: it would count as being tried.
  Task<Result<Nothing>> succeeded(std::string email_key);
  Task<Result<Nothing>> failed(std::string attempt);
  Task<Result<Nothing>> withdraw(std::string attempt);

 private:
  enum class Verdict { noted, crowded };
  Result<Verdict> note(sql::Transaction& transaction, const std::string& id, const std::string& email_key,
                       const std::string& address) const;
  using Change = void (*)(sql::Transaction& transaction, const std::string& key);
  Task<Result<Nothing>> write(Change change, std::string key);

  sql::Database& database_;
  const Clock& clock_;
  Ids& ids_;
  const Config config_;
  std::atomic<int> waiting_{0};
};

}  // namespace svc::user
