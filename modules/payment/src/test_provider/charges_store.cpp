#include "test_provider/charges_store.h"

namespace svc::payment::test_provider {

std::optional<Known> find(sql::Session& session, const std::string& key) {
  return session.first(
      "SELECT state, tries FROM charges WHERE key = ?",
      [](const sql::Row& row) { return Known{row.named<State>(0), static_cast<int>(row.integer(1))}; }, key);
}

bool add(sql::Transaction& transaction, const std::string& key, const Known& known, const Money& amount) {
  return transaction.execute(
             "INSERT INTO charges (key, state, tries, amount, currency) VALUES (?, ?, ?, ?, ?) "
             "ON CONFLICT (key) DO NOTHING",
             key, known.state, known.tries, amount.amount, amount.currency) == 1;
}

void save(sql::Transaction& transaction, const std::string& key, const Known& known, const Money& amount) {
  transaction.execute(
      "INSERT INTO charges (key, state, tries, amount, currency) VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT (key) DO UPDATE SET state = excluded.state, tries = excluded.tries",
      key, known.state, known.tries, amount.amount, amount.currency);
}

}  // namespace svc::payment::test_provider
