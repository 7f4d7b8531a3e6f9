// The types of the order module's contract.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "inventory/types.h"

namespace svc::order {

enum class OrderStatus {
  pending,          ///< being worked on
  confirmed,        ///< reserved, paid and final
  cancelled,        ///< nothing is held, nothing is paid
  needs_attention,  ///< could not be undone by itself
};
constexpr auto names(std::type_identity<OrderStatus>) {
  using enum OrderStatus;
  return std::array{EnumName{pending, "pending"}, EnumName{confirmed, "confirmed"}, EnumName{cancelled, "cancelled"},
                    EnumName{needs_attention, "needs_attention"}};
}

enum class FailedStep { reserve, pay };
constexpr auto names(std::type_identity<FailedStep>) {
  return std::array{EnumName{FailedStep::reserve, "reserve"}, EnumName{FailedStep::pay, "pay"}};
}

/// Why an order was cancelled by itself.
struct OrderFailure {
  FailedStep step = FailedStep::reserve;
  std::string code, detail;
  static constexpr std::string_view schema_name = "OrderFailure";
  static constexpr auto fields() {
    return rows(field(&OrderFailure::step, "step", "What could not be done"),
                field(&OrderFailure::code, "code", "Why, for programs: out_of_stock, payment_declined, …"),
                field(&OrderFailure::detail, "detail", "Why, for people"));
  }
  bool operator==(const OrderFailure&) const = default;
};

struct Order {
  std::string id, user_id;
  std::vector<inventory::PricedLine> items;
  Money total_amount;
  OrderStatus status = OrderStatus::pending;
  std::optional<std::string> payment_id;
  std::optional<OrderFailure> failure;
  Time created_at, updated_at;
  static constexpr std::string_view schema_name = "Order";
  static constexpr auto fields() {
    return rows(field(&Order::id, "id", "What the order is known by"), field(&Order::user_id, "userId", "Whose it is"),
                field(&Order::items, "items", "What was ordered, at the prices of that moment"),
                field(&Order::total_amount, "totalAmount", "What it costs"),
                field(&Order::status, "status", "How it stands"),
                field(&Order::payment_id, "paymentId", "Its payment, once there is one"),
                field(&Order::failure, "failure", "Why it was cancelled by itself, if it was"),
                field(&Order::created_at, "createdAt", "When it was made"),
                field(&Order::updated_at, "updatedAt", "When its status last changed"));
  }
  bool operator==(const Order&) const = default;
};

struct OrderPage {
  std::vector<Order> items;
  std::optional<std::string> next_cursor;
  static constexpr std::string_view schema_name = "OrderPage";
  static constexpr auto fields() {
    return rows(field(&OrderPage::items, "items", "The orders, newest first"),
                field(&OrderPage::next_cursor, "nextCursor", "Leads to the next page; absent on the last"));
  }
};

struct TimelineEntry {
  std::string step;
  int attempt = 1;
  std::string outcome;
  Time at;
  std::string detail;
  static constexpr std::string_view schema_name = "TimelineEntry";
  static constexpr auto fields() {
    return rows(field(&TimelineEntry::step, "step",
                      "create, reserve, pay, confirm; refund, release when undone; "
                      "cancel, resume, retry, abandon"),
                field(&TimelineEntry::attempt, "attempt", "Which try of the step it was"),
                field(&TimelineEntry::outcome, "outcome", "done, refused, timeout, unavailable or failed"),
                field(&TimelineEntry::at, "at", "When it ended"),
                field(&TimelineEntry::detail, "detail", "What else there is to say, or nothing"));
  }
};

struct Timeline {
  std::vector<TimelineEntry> items;
  static constexpr std::string_view schema_name = "Timeline";
  static constexpr auto fields() {
    return rows(field(&Timeline::items, "items", "What was done for the order, oldest first"));
  }
};

}  // namespace svc::order
