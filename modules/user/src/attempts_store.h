// The user module's table of sign-ins that failed or are being tried.
#pragma once

#include <string>

#include "base/clock.h"
#include "sql/session.h"

namespace svc::user {

struct Attempts {
  std::int64_t failed = 0;
  Time oldest_failure;
  std::int64_t being_tried = 0;
};
/// What was tried before `forgotten` and came to no verdict was cut off by the end of a process: not counted.
Attempts attempts_on_account(sql::Session& session, const std::string& email_key, Time forgotten);
Attempts attempts_from_address(sql::Session& session, const std::string& address, Time forgotten);

void insert_attempt(sql::Transaction& transaction, const std::string& id, const std::string& email_key,
                    const std::string& address, Time at);
void mark_failed(sql::Transaction& transaction, const std::string& id);
void delete_attempt(sql::Transaction& transaction, const std::string& id);
void delete_attempts_on_account(sql::Transaction& transaction, const std::string& email_key);
void delete_attempts_until(sql::Transaction& transaction, Time end);

}  // namespace svc::user
