// The payment module's tables. The only SQL of the module, but for its test provider's.
#pragma once

#include <optional>
#include <string>

#include "payment/payment.h"
#include "sql/migrations.h"
#include "sql/session.h"

namespace svc::payment {

sql::Migrations migrations();

enum class StoredStatus { captured, declined, refunded, voided };
constexpr auto names(std::type_identity<StoredStatus>) {
  using enum StoredStatus;
  return std::array{EnumName{captured, "captured"}, EnumName{declined, "declined"}, EnumName{refunded, "refunded"},
                    EnumName{voided, "void"}};
}

struct StoredPayment {
  std::string id, order_id, user_id;
  Money amount;
  StoredStatus status = StoredStatus::captured;
  Time created_at;
};

std::optional<StoredPayment> find_payment(sql::Session& session, const std::string& id);
/// False, and nothing is done, when the id is taken.
bool insert_payment(sql::Transaction& transaction, const StoredPayment& payment);
void set_status(sql::Transaction& transaction, const std::string& id, StoredStatus status);

enum class Movement { charge, refund };
constexpr auto names(std::type_identity<Movement>) {
  return std::array{EnumName{Movement::charge, "charge"}, EnumName{Movement::refund, "refund"}};
}
/// `amount` as it changes what we hold: a refund is negative.
void enter(sql::Transaction& transaction, const std::string& payment_id, Movement movement, const Money& amount,
           Time at);

}  // namespace svc::payment
