#include "user_store.h"

#include "base/ascii.h"

namespace svc::user {
namespace {

User read_user(const sql::Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.named<Locale>(3), row.named<Role>(4), row.time(5)};
}
Account read_account(const sql::Row& row) { return {read_user(row), row.text(6)}; }

}  // namespace

std::string email_key(std::string_view email) { return to_lower(std::string(email)); }

std::optional<Account> find_account(sql::Session& session, const std::string& id) {
  return session.first("SELECT id, name, email, locale, role, created_at, password_hash FROM users WHERE id = ?",
                       read_account, id);
}

std::optional<Account> find_account_by_email(sql::Session& session, const std::string& email) {
  return session.first("SELECT id, name, email, locale, role, created_at, password_hash FROM users WHERE email_key = ?",
                       read_account, email_key(email));
}

std::vector<User> list_users_before(sql::Session& session, const std::string& id, int limit) {
  std::vector<User> users;
  const auto add = [&](const sql::Row& row) { users.push_back(read_user(row)); };
  if (id.empty())
    session.each("SELECT id, name, email, locale, role, created_at FROM users ORDER BY id DESC LIMIT ?", add, limit);
  else
    session.each("SELECT id, name, email, locale, role, created_at FROM users WHERE id < ? ORDER BY id DESC LIMIT ?",
                 add, id, limit);
  return users;
}

bool insert_account(sql::Transaction& transaction, const Account& account) {
  const User& user = account.user;
  return transaction.execute(
             "INSERT INTO users (id, name, email, email_key, password_hash, locale, role, created_at) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email_key) DO NOTHING",
             user.id, user.name, user.email, email_key(user.email), account.password_hash, user.locale, user.role,
             user.created_at) == 1;
}

bool update_account(sql::Transaction& transaction, const Account& account) {
  const User& user = account.user;
  const auto key = email_key(user.email);
  if (transaction.any("SELECT 1 FROM users WHERE email_key = ? AND id <> ?", key, user.id)) return false;
  transaction.execute(
      "UPDATE users SET name = ?, email = ?, email_key = ?, password_hash = ?, locale = ?, role = ? WHERE id = ?",
      user.name, user.email, key, account.password_hash, user.locale, user.role, user.id);
  return true;
}

bool delete_account(sql::Transaction& transaction, const std::string& id) {
  return transaction.execute("DELETE FROM users WHERE id = ?", id) == 1;
}

}  // namespace svc::user
