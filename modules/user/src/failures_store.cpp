#include "failures_store.h"

namespace svc::user {
namespace {

Failures read_failures(const sql::Row& row) { return {row.integer(0), row.time(1)}; }

}  // namespace

Failures failures_of_account(sql::Session& session, const std::string& email_key) {
  return *session.first("SELECT COUNT(*), COALESCE(MIN(at), 0) FROM sign_in_failures WHERE email_key = ?", read_failures,
                        email_key);
}

Failures failures_of_address(sql::Session& session, const std::string& address) {
  return *session.first("SELECT COUNT(*), COALESCE(MIN(at), 0) FROM sign_in_failures WHERE address = ?", read_failures,
                        address);
}

void insert_failure(sql::Transaction& transaction, const std::string& id, const std::string& email_key,
                    const std::string& address, Time at) {
  transaction.execute("INSERT INTO sign_in_failures (id, email_key, address, at) VALUES (?, ?, ?, ?)", id, email_key,
                      address, at);
}

void delete_failure(sql::Transaction& transaction, const std::string& id) {
  transaction.execute("DELETE FROM sign_in_failures WHERE id = ?", id);
}

void delete_failures_of_account(sql::Transaction& transaction, const std::string& email_key) {
  transaction.execute("DELETE FROM sign_in_failures WHERE email_key = ?", email_key);
}

void delete_failures_until(sql::Transaction& transaction, Time end) {
  transaction.execute("DELETE FROM sign_in_failures WHERE at <= ?", end);
}

}  // namespace svc::user
