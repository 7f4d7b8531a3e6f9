#include "order_saga.h"

#include <stdexcept>

namespace svc::order {
namespace {

enum Step : std::size_t { reserve, pay, confirm };

template <class T>
Result<Nothing> without_value(Result<T>& result) {
  if (!result) return refusal(result);
  return Nothing{};
}

class OrderInstance final : public saga::Instance {
 public:
  OrderInstance(StoredOrder stored, bool ample, const Tools& tools, std::shared_ptr<Outcome> outcome)
      : stored_(std::move(stored)), ample_(ample), tools_(tools), outcome_(std::move(outcome)) {}

  Task<Result<Nothing>> forward(std::size_t step, Call call) override {
    switch (step) {
      case reserve: return ample_ ? do_sell(std::move(call)) : do_reserve(std::move(call));
      case pay: return do_pay(std::move(call));
      default: return ample_ ? book(std::move(call)) : do_confirm(std::move(call));
    }
  }
  std::size_t begins(std::size_t step) const override { return ample_ && step == reserve ? pay : step; }
  Task<Result<Nothing>> undo(std::size_t step, Call call) override {
    return step == pay ? do_refund(std::move(call)) : release(std::move(call));
  }

  void conclude(saga::State state, const saga::Failure* failure, const Call& cause) override {
    Order& order = stored_.order;
    order.status = state == saga::State::done     ? OrderStatus::confirmed
                   : state == saga::State::undone ? OrderStatus::cancelled
                                                  : OrderStatus::needs_attention;
    if (payment_ || state == saga::State::done) order.payment_id = stored_.payment_id;
    if (failure != nullptr) {
      const auto failed = failure->step == "pay" ? FailedStep::pay : FailedStep::reserve;
      order.failure = OrderFailure{failed, failure->reason, failure->detail};
      // One that was declined beside what could not be sold is none: it would not have been asked for.
      if (failed == FailedStep::reserve && payment_ == payment::PaymentStatus::declined) order.payment_id.reset();
    }
    order.updated_at = tools_.clock.now();
    told_ = news(state, cause);
  }
  void settle(sql::Transaction& transaction) override {
    update_order(transaction, stored_.order);
    tools_.outbox.publish(transaction, told_);
  }
  void settled() override {
    if (outcome_) *outcome_ = stored_.order;
  }

 private:
  Envelope news(saga::State state, const Call& cause) const {
    if (state == saga::State::done) return tools_.outbox.prepare(OrderConfirmed{stored_.order}, cause);
    if (state == saga::State::undone) return tools_.outbox.prepare(OrderCancelled{stored_.order}, cause);
    return tools_.outbox.prepare(OrderNeedsAttention{stored_.order}, cause);
  }

  std::vector<inventory::Line> lines() const {
    std::vector<inventory::Line> wanted;
    for (const auto& line : stored_.order.items) wanted.push_back({line.sku, line.quantity});
    return wanted;
  }

  Task<Result<Nothing>> do_reserve(Call call) {
    auto reserving = tools_.links.inventory.handle(std::move(call), inventory::ReserveItems{stored_.order.id, lines()});
    auto reserved = co_await reserving;
    co_return without_value(reserved);
  }

  // Side by side with the charge. What comes of that is the next step's to tell.
  Task<Result<Nothing>> do_sell(Call call) {
    auto selling = tools_.links.inventory.handle(call, inventory::SellItems{stored_.order.id, lines()});
    const bool decided = charged_ && charged_->has_value();  // beside an earlier try
    if (!decided) {
      auto charging = charge(std::move(call));
      auto charged = co_await charging;
      charged_ = std::move(charged);
    }
    auto sold = co_await selling;
    co_return without_value(sold);
  }

  Reply<payment::Charge> charge(Call call) {
    const Order& order = stored_.order;
    payment::Charge command{stored_.payment_id, order.id, order.user_id, order.total_amount, stored_.payment_method};
    return tools_.links.payments.handle(std::move(call), std::move(command));
  }

  Task<Result<Nothing>> do_pay(Call call) {
    if (!charged_) {
      auto charging = charge(std::move(call));
      auto answered = co_await charging;
      charged_ = std::move(answered);
    }
    auto charged = std::exchange(charged_, std::nullopt).value();
    if (!charged || charged->approved) co_return without_value(charged);
    payment_ = payment::PaymentStatus::declined;
    co_return fail(Code::conflict, "payment_declined", "The payment was declined");
  }

  Task<Result<Nothing>> book(Call call) {
    const Order& order = stored_.order;
    payment::BookCharge command{stored_.payment_id, order.id, order.user_id, order.total_amount};
    auto booking = tools_.links.payments.handle(std::move(call), std::move(command));
    auto booked = co_await booking;
    if (booked) payment_ = booked->status;
    if (booked && booked->status == payment::PaymentStatus::refunded)
      co_return fail(Code::conflict, "payment_refunded", "The payment was given back");
    co_return without_value(booked);
  }

  // Side by side: neither needs the other, and the order is confirmed when both are on disk.
  Task<Result<Nothing>> do_confirm(Call call) {
    auto booking = book(call);
    auto committing = tools_.links.inventory.handle(std::move(call), inventory::CommitReservation{stored_.order.id});
    auto booked = co_await booking;
    auto committed = co_await committing;
    if (!booked) co_return refusal(booked);
    co_return without_value(committed);
  }

  // The units go back beside the money, and do not wait for it where it takes a person to give it back.
  Task<Result<Nothing>> do_refund(Call call) {
    auto refunding = tools_.links.payments.handle(call, payment::Refund{stored_.payment_id});
    auto releasing = release(std::move(call));
    auto refunded = co_await refunding;
    auto released = co_await releasing;  // if it was not, its own step does it
    if (refunded && refunded->payment) payment_ = refunded->payment;
    co_return without_value(refunded);
  }

  Task<Result<Nothing>> release(Call call) {
    if (released_) co_return Nothing{};
    auto releasing = tools_.links.inventory.handle(std::move(call), inventory::ReleaseReservation{stored_.order.id});
    auto released = co_await releasing;
    released_ = released.has_value();
    co_return without_value(released);
  }

  StoredOrder stored_;
  const bool ample_;
  // What the charge came to, as long as its step has not told.
  std::optional<Result<payment::Charged>> charged_;
  bool released_ = false;
  // The payment that can be looked at, declined ones included, as far as this process has seen. One that takes the
  // order up asks for the refund again, and hears of it then.
  std::optional<payment::PaymentStatus> payment_;
  Envelope told_;
  const Tools tools_;
  const std::shared_ptr<Outcome> outcome_;
};

}  // namespace

std::unique_ptr<saga::Instance> order_instance(StoredOrder order, bool ample, const Tools& tools,
                                               std::shared_ptr<Outcome> outcome) {
  return std::make_unique<OrderInstance>(std::move(order), ample, tools, std::move(outcome));
}

saga::Definition order_saga(sql::Database& database, const Tools& tools) {
  const auto load = [&database, tools](const std::string& id) {
    auto stored = database.read([&](sql::Session& session) { return find_order(session, id); });
    if (!stored) throw std::runtime_error("there is a saga without its order");
    return order_instance(std::move(*stored), false, tools, nullptr);
  };
  return {Orders::name, {{"reserve", "release"}, {"pay", "refund"}, {"confirm", ""}}, load};
}

}  // namespace svc::order
