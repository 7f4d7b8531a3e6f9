#include "payment_service.h"

namespace svc::payment {
namespace {

/// What is told of a payment.
Result<Payment> answer_of(const StoredPayment& payment) {
  Payment shown{payment.id, payment.order_id, payment.amount, PaymentStatus::captured, payment.created_at};
  switch (payment.status) {
    case StoredStatus::captured: return shown;
    case StoredStatus::declined: shown.status = PaymentStatus::declined; return shown;
    case StoredStatus::refunded: shown.status = PaymentStatus::refunded; return shown;
    case StoredStatus::voided: break;
  }
  return fail(Code::conflict, "payment_refunded", "This payment was given back before it was made");
}

Money negative(const Money& amount) { return {-amount.amount, amount.currency}; }

}  // namespace

Reply<GetPayment> PaymentService::handle(Call call, GetPayment query) {
  const auto payment = database_.read([&](sql::Session& session) { return find_payment(session, query.id); });
  const bool visible = payment && payment->status != StoredStatus::voided &&
                       (call.caller->admin || payment->user_id == call.caller->subject);
  if (!visible) return fail(Code::not_found, "not_found", "There is no such payment");
  return answer_of(*payment);
}

Reply<CheckMethod> PaymentService::handle(Call, CheckMethod query) {
  if (provider_.knows(query.method)) return PaymentMethod{query.method};
  return fail(Code::not_found, "unknown_payment_method", "There is no such way to pay");
}

Reply<Charge> PaymentService::handle(Call call, Charge command) {
  // The provider knows what it has decided, and what was given back: nothing of ours need be asked before.
  auto charging = provider_.charge(command.payment_id, command.amount, command.method, call.deadline);
  auto decision = co_await charging;
  if (!decision) co_return refusal(decision);
  if (*decision == Decision::approved) co_return Charged{true};
  auto recording = record(std::move(call), {command.payment_id, command.order_id, command.user_id, command.amount,
                                            StoredStatus::declined, clock_.now()});
  auto recorded = co_await recording;
  if (!recorded) co_return refusal(recorded);
  co_return Charged{false};
}

Reply<BookCharge> PaymentService::handle(Call call, BookCharge command) {
  return record(std::move(call), {command.payment_id, command.order_id, command.user_id, command.amount,
                                  StoredStatus::captured, clock_.now()});
}

// Writes a payment down, unless there is one: the same, or the mark of its refund, may have come in between.
Task<Result<Payment>> PaymentService::record(Call call, StoredPayment made) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<StoredPayment> {
    if (!insert_payment(transaction, made)) return *find_payment(transaction, made.id);
    if (made.status != StoredStatus::captured) return made;
    enter(transaction, made.id, Movement::charge, made.amount, made.created_at);
    outbox_.publish(transaction, PaymentCaptured{*answer_of(made)}, call);
    return made;
  });
  auto recorded = co_await writing;
  if (!recorded) co_return refusal(recorded);
  co_return answer_of(*recorded);
}

Reply<Refund> PaymentService::handle(Call call, Refund command) {
  // First our own mark, so that a charge on its way to being recorded meets it; then the provider; then the books.
  auto marking = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<StoredPayment> {
    StoredPayment mark;
    mark.id = command.payment_id;
    mark.status = StoredStatus::voided;
    mark.created_at = clock_.now();
    insert_payment(transaction, mark);
    return *find_payment(transaction, command.payment_id);
  });
  auto payment = co_await marking;
  if (!payment) co_return refusal(payment);
  if (payment->status == StoredStatus::declined || payment->status == StoredStatus::refunded)
    co_return Refunded{answer_of(*payment)->status};

  auto refunding = provider_.refund(command.payment_id, call.deadline);
  auto refunded = co_await refunding;
  if (!refunded) co_return refusal(refunded);
  if (payment->status == StoredStatus::voided) co_return Refunded{};
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<Refunded> {
    auto now = find_payment(transaction, command.payment_id);
    if (now->status != StoredStatus::captured) return Refunded{PaymentStatus::refunded};
    set_status(transaction, now->id, StoredStatus::refunded);
    enter(transaction, now->id, Movement::refund, negative(now->amount), clock_.now());
    now->status = StoredStatus::refunded;
    outbox_.publish(transaction, PaymentRefunded{*answer_of(*now)}, call);
    return Refunded{PaymentStatus::refunded};
  });
  auto recorded = co_await writing;
  co_return recorded;
}

}  // namespace svc::payment
