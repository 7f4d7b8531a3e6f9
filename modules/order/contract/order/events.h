// What happens to orders, for whoever wants to know.
#pragma once

#include "contract/event.h"
#include "order/types.h"

namespace svc::order {

struct OrderCreated : Order {
  static constexpr EventInfo event{
      .type = "order_created", .version = 1, .summary = "An order was taken, and is pending"};
  const std::string& subject() const { return id; }
};

struct OrderConfirmed : Order {
  static constexpr EventInfo event{
      .type = "order_confirmed", .version = 1, .summary = "An order is reserved, paid and final"};
  const std::string& subject() const { return id; }
};

struct OrderCancelled : Order {
  static constexpr EventInfo event{
      .type = "order_cancelled",
      .version = 1,
      .summary = "An order is undone: by its customer, or by itself, and then failure says why"};
  const std::string& subject() const { return id; }
};

struct OrderNeedsAttention : Order {
  static constexpr EventInfo event{
      .type = "order_needs_attention", .version = 1, .summary = "An order could not be undone by itself"};
  const std::string& subject() const { return id; }
};

}  // namespace svc::order
