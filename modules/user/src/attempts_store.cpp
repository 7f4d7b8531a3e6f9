#include "attempts_store.h"

namespace svc::user {
namespace {

Attempts read_attempts(const sql::Row& row) { return {row.integer(0), row.time(1), row.integer(2)}; }

}  // namespace

Attempts attempts_on_account(sql::Session& session, const std::string& email_key, Time forgotten) {
  return *session.first(
      "SELECT COALESCE(SUM(failed), 0), COALESCE(MIN(CASE WHEN failed THEN at END), 0), "
      "COALESCE(SUM(NOT failed AND at > ?), 0) FROM sign_in_attempts WHERE email_key = ?",
      read_attempts, forgotten, email_key);
}

Attempts attempts_from_address(sql::Session& session, const std::string& address, Time forgotten) {
  return *session.first(
      "SELECT COALESCE(SUM(failed), 0), COALESCE(MIN(CASE WHEN failed THEN at END), 0), "
      "COALESCE(SUM(NOT failed AND at > ?), 0) FROM sign_in_attempts WHERE address = ?",
      read_attempts, forgotten, address);
}

void insert_attempt(sql::Transaction& transaction, const std::string& id, const std::string& email_key,
                    const std::string& address, Time at) {
  transaction.execute("INSERT INTO sign_in_attempts (id, email_key, address, at, failed) VALUES (?, ?, ?, ?, 0)", id,
                      email_key, address, at);
}

void mark_failed(sql::Transaction& transaction, const std::string& id) {
  transaction.execute("UPDATE sign_in_attempts SET failed = 1 WHERE id = ?", id);
}

void delete_attempt(sql::Transaction& transaction, const std::string& id) {
  transaction.execute("DELETE FROM sign_in_attempts WHERE id = ?", id);
}

void delete_attempts_on_account(sql::Transaction& transaction, const std::string& email_key) {
  transaction.execute("DELETE FROM sign_in_attempts WHERE email_key = ?", email_key);
}

void delete_attempts_until(sql::Transaction& transaction, Time end) {
  transaction.execute("DELETE FROM sign_in_attempts WHERE at <= ?", end);
}

}  // namespace svc::user
