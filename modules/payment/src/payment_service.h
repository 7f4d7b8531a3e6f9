// The payment module's operations.
#pragma once

#include "base/clock.h"
#include "events/outbox.h"
#include "payment/payment.h"
#include "payment/provider.h"
#include "payment_store.h"
#include "sql/database.h"

namespace svc::payment {

class PaymentService final : public Payments {
 public:
  /// What it refers to must outlive it.
  PaymentService(sql::Database& database, events::Outbox& outbox, const Clock& clock, Provider& provider)
      : database_(database), outbox_(outbox), clock_(clock), provider_(provider) {}

  Reply<GetPayment> handle(Call call, GetPayment query) override;
  Reply<CheckMethod> handle(Call call, CheckMethod query) override;
  Reply<Charge> handle(Call call, Charge command) override;
  Reply<BookCharge> handle(Call call, BookCharge command) override;
  Reply<Refund> handle(Call call, Refund command) override;

 private:
  Task<Result<Payment>> record(Call call, StoredPayment made);

  sql::Database& database_;
  events::Outbox& outbox_;
  const Clock& clock_;
  Provider& provider_;
};

}  // namespace svc::payment
