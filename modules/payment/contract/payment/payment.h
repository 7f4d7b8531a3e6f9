// Payment: charges and refunds. All that other modules may know of it.
#pragma once

#include "base/money.h"
#include "contract/event.h"
#include "contract/service.h"

namespace svc::payment {

/// Seconds that the provider of payments may take, and no other instance would be quicker.
inline constexpr int provider_patience = 10;

enum class PaymentStatus { captured, declined, refunded };
constexpr auto names(std::type_identity<PaymentStatus>) {
  using enum PaymentStatus;
  return std::array{EnumName{captured, "captured"}, EnumName{declined, "declined"}, EnumName{refunded, "refunded"}};
}

struct Payment {
  std::string id, order_id;
  Money amount;
  PaymentStatus status = PaymentStatus::captured;
  Time created_at;
  static constexpr std::string_view schema_name = "Payment";
  static constexpr auto fields() {
    return rows(field(&Payment::id, "id", "What the payment is known by"),
                field(&Payment::order_id, "orderId", "The order it is for"),
                field(&Payment::amount, "amount", "What was charged, or was to be"),
                field(&Payment::status, "status", "What became of it"),
                field(&Payment::created_at, "createdAt", "When it was made"));
  }
  bool operator==(const Payment&) const = default;
};

struct GetPayment {
  std::string id;
  static constexpr auto fields() { return rows(field(&GetPayment::id, "id", "The payment")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/payments/{id}",
                                     .name = "get_payment",
                                     .summary = "Reads a payment of one's own; admins any",
                                     .access = Access::signed_in,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Payment;
};

/// Names a way to pay.
struct PaymentMethod {
  std::string method;
  static constexpr auto fields() { return rows(field(&PaymentMethod::method, "method", "The way to pay")); }
  bool operator==(const PaymentMethod&) const = default;
};

struct CheckMethod {
  std::string method;
  static constexpr auto fields() { return rows(field(&CheckMethod::method, "method", "The way to pay")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/internal/payment-methods/{method}",
                                     .name = "check_method",
                                     .summary = "Tells whether a way to pay is known to the provider",
                                     .access = Access::service,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = PaymentMethod;
};

/// What the provider said to a charge.
struct Charged {
  bool approved = false;
  static constexpr auto fields() {
    return rows(
        field(&Charged::approved, "approved", "If so, it is to be booked; if not, there is a declined payment"));
  }
};

struct Charge {
  std::string payment_id, order_id, user_id;
  Money amount;
  std::string method;
  static constexpr auto fields() {
    return rows(field(&Charge::payment_id, "paymentId", "Chosen by the caller: charges under it once", is_uuid_text),
                field(&Charge::order_id, "orderId", "The order it is for", is_uuid_text),
                field(&Charge::user_id, "userId", "Who may see it", Length{1, 100}),
                field(&Charge::amount, "amount", "What to charge"),
                field(&Charge::method, "method", "The way to pay", Length{1, 100}));
  }
  static constexpr Endpoint endpoint{
      .verb = Verb::put,
      .path = "/internal/payments/{paymentId}",
      .name = "charge",
      .summary = "Has the provider charge an amount, once per payment id; a decline is an answer, not an error",
      .access = Access::service,
      .retry = Retry::idempotent,
      .patience_seconds = provider_patience,
      .fails = {Code::conflict}};
  using Response = Charged;
};

struct BookCharge {
  std::string payment_id, order_id, user_id;
  Money amount;
  static constexpr auto fields() {
    return rows(field(&BookCharge::payment_id, "paymentId", "What it was charged under", is_uuid_text),
                field(&BookCharge::order_id, "orderId", "The order it is for", is_uuid_text),
                field(&BookCharge::user_id, "userId", "Who may see it", Length{1, 100}),
                field(&BookCharge::amount, "amount", "What was charged"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/internal/payments/{paymentId}/booking",
                                     .name = "book_charge",
                                     .summary = "Enters into the books, once, what the provider has charged",
                                     .access = Access::service,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::conflict}};
  using Response = Payment;
};

/// What a refund met.
struct Refunded {
  std::optional<PaymentStatus> payment;
  static constexpr auto fields() {
    return rows(field(&Refunded::payment, "payment", "How the payment stands, if there is one: refunded or declined"));
  }
};

struct Refund {
  std::string payment_id;
  static constexpr auto fields() { return rows(field(&Refund::payment_id, "paymentId", "The payment", is_uuid_text)); }
  static constexpr Endpoint endpoint{
      .verb = Verb::post,
      .path = "/internal/payments/{paymentId}/refund",
      .name = "refund",
      .summary = "Gives back what was charged; of what never was, refuses the charge that may still come",
      .access = Access::service,
      .retry = Retry::idempotent,
      .patience_seconds = provider_patience};
  using Response = Refunded;
};

struct PaymentCaptured : Payment {
  static constexpr EventInfo event{.type = "payment_captured", .version = 1, .summary = "An amount was charged"};
  const std::string& subject() const { return id; }
};

struct PaymentRefunded : Payment {
  static constexpr EventInfo event{
      .type = "payment_refunded", .version = 1, .summary = "What was charged was given back"};
  const std::string& subject() const { return id; }
};

struct Payments : Service<Payments, GetPayment, CheckMethod, Charge, BookCharge, Refund> {
  using Events = EventList<PaymentCaptured, PaymentRefunded>;
  static constexpr std::string_view name = "payment";
  static constexpr std::string_view summary = "Payments for orders";
};

}  // namespace svc::payment
