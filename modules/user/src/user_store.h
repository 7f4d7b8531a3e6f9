// The user module's accounts. With failures_store, the only SQL of the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/migrations.h"
#include "sql/session.h"
#include "user/types.h"

namespace svc::user {

sql::Migrations migrations();

struct Account {
  User user;
  std::string password_hash;
};

/// E-mails are one account without regard to case: this is what they are compared by.
std::string email_key(std::string_view email);

std::optional<Account> find_account(sql::Session& session, const std::string& id);
std::optional<Account> find_account_by_email(sql::Session& session, const std::string& email);
/// Users whose id comes before `id`, newest first; all, when it is empty.
std::vector<User> list_users_before(sql::Session& session, const std::string& id, int limit);
/// False when the e-mail is taken.
bool insert_account(sql::Transaction& transaction, const Account& account);
/// Overwrites the account of that id. False when the e-mail is taken by another.
bool update_account(sql::Transaction& transaction, const Account& account);
/// False when there is none.
bool delete_account(sql::Transaction& transaction, const std::string& id);

}  // namespace svc::user
