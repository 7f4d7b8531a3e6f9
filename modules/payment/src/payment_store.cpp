#include "payment_store.h"

namespace svc::payment {

std::optional<StoredPayment> find_payment(sql::Session& session, const std::string& id) {
  return session.first(
      "SELECT id, order_id, user_id, amount, currency, status, created_at FROM payments WHERE id = ?",
      [](const sql::Row& row) {
        return StoredPayment{
            row.text(0), row.text(1), row.text(2), Money{row.integer(3), row.text(4)}, row.named<StoredStatus>(5),
            row.time(6)};
      },
      id);
}

bool insert_payment(sql::Transaction& transaction, const StoredPayment& payment) {
  return transaction.execute(
             "INSERT INTO payments (id, order_id, user_id, amount, currency, status, created_at) "
             "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
             payment.id, payment.order_id, payment.user_id, payment.amount.amount, payment.amount.currency,
             payment.status, payment.created_at) == 1;
}

void set_status(sql::Transaction& transaction, const std::string& id, StoredStatus status) {
  transaction.execute("UPDATE payments SET status = ? WHERE id = ?", status, id);
}

void enter(sql::Transaction& transaction, const std::string& payment_id, Movement movement, const Money& amount,
           Time at) {
  transaction.execute("INSERT INTO ledger (payment_id, kind, amount, currency, at) VALUES (?, ?, ?, ?, ?)", payment_id,
                      movement, amount.amount, amount.currency, at);
}

}  // namespace svc::payment
