// The user module's table of failed sign-ins.
#pragma once

#include <string>

#include "base/clock.h"
#include "sql/session.h"

namespace svc::user {

struct Failures {
  std::int64_t count = 0;
  Time oldest;
};
Failures failures_of_account(sql::Session& session, const std::string& email_key);
Failures failures_of_address(sql::Session& session, const std::string& address);

void insert_failure(sql::Transaction& transaction, const std::string& id, const std::string& email_key,
                    const std::string& address, Time at);
void delete_failure(sql::Transaction& transaction, const std::string& id);
void delete_failures_of_account(sql::Transaction& transaction, const std::string& email_key);
void delete_failures_until(sql::Transaction& transaction, Time end);

}  // namespace svc::user
