// Order: orders and how they are carried out. All that other modules may know of it.
#pragma once

#include <algorithm>

#include "base/page.h"
#include "contract/service.h"
#include "order/events.h"
#include "order/types.h"

namespace svc::order {

struct PlaceOrder {
  std::vector<inventory::Line> items;
  std::string payment_method;
  std::optional<std::string> user_id;
  static constexpr auto fields() {
    return rows(field(&PlaceOrder::items, "items", "What is ordered; each sku once", Items{1, inventory::lines_limit}),
                field(&PlaceOrder::payment_method, "paymentMethod", "How it is paid", Length{1, 100}),
                field(&PlaceOrder::user_id, "userId", "For whom; oneself unless told, and others only by admins",
                      Length{1, 100}));
  }
  bool permits(const Caller& caller) const { return caller.admin || !user_id || *user_id == caller.subject; }
  void check_whole(Violations& found) const {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto before = items.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find_if(items.begin(), before, [&](const auto& line) { return line.sku == items[i].sku; }) != before)
        report(found, {"/items/" + std::to_string(i) + "/sku", "uniqueItems", "is ordered twice"});
    }
  }
  static constexpr Endpoint endpoint{
      .verb = Verb::post,
      .path = "/orders",
      .success = 201,
      .name = "place_order",
      .summary = "Places an order: reserves, charges and confirms it, or undoes all of it",
      .access = Access::signed_in,
      .retry = Retry::keyed,
      .location = "/orders/{id}",
      .waits = true,
      .fails = {Code::conflict}};
  using Response = Order;
};

struct GetOrder {
  std::string id;
  static constexpr auto fields() { return rows(field(&GetOrder::id, "id", "The order")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/orders/{id}",
                                     .name = "get_order",
                                     .summary = "Reads an order of one's own; admins any",
                                     .access = Access::signed_in,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Order;
};

struct ListOrders {
  int limit = page_default;
  std::optional<std::string> cursor;
  std::optional<OrderStatus> status;
  static constexpr auto fields() {
    return rows(limit_field<ListOrders>(), cursor_field<ListOrders>(),
                field(&ListOrders::status, "status", "Only orders that stand so"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/orders",
                                     .name = "list_orders",
                                     .summary = "Lists one's own orders, newest first; admins all",
                                     .access = Access::signed_in,
                                     .retry = Retry::read};
  using Response = OrderPage;
};

struct CancelOrder {
  std::string id;
  static constexpr auto fields() { return rows(field(&CancelOrder::id, "id", "The order")); }
  static constexpr Endpoint endpoint{
      .verb = Verb::post,
      .path = "/orders/{id}/cancel",
      .name = "cancel_order",
      .summary = "Refunds a confirmed order and gives its items back; pending while that is not done",
      .access = Access::signed_in,
      .retry = Retry::idempotent,
      .waits = true,
      .fails = {Code::not_found, Code::conflict}};
  using Response = Order;
};

struct GetTimeline {
  std::string id;
  static constexpr auto fields() { return rows(field(&GetTimeline::id, "id", "The order")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/orders/{id}/timeline",
                                     .name = "get_timeline",
                                     .summary = "Tells what was done for an order, step by step",
                                     .access = Access::signed_in,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Timeline;
};

struct RetryOrder {
  std::string id;
  static constexpr auto fields() { return rows(field(&RetryOrder::id, "id", "The order")); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/admin/orders/{id}/retry",
                                     .name = "retry_order",
                                     .summary = "Lets an order that needs attention try again to be undone",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .waits = true,
                                     .fails = {Code::not_found, Code::conflict}};
  using Response = Order;
};

struct AbandonOrder {
  std::string id;
  static constexpr auto fields() { return rows(field(&AbandonOrder::id, "id", "The order")); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/admin/orders/{id}/abandon",
                                     .name = "abandon_order",
                                     .summary = "Ends an order that needs attention as it stands: somebody saw to it",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found, Code::conflict}};
  using Response = Order;
};

struct Orders : Service<Orders, PlaceOrder, GetOrder, ListOrders, CancelOrder, GetTimeline, RetryOrder, AbandonOrder> {
  using Events = EventList<OrderCreated, OrderConfirmed, OrderCancelled, OrderNeedsAttention>;
  static constexpr std::string_view name = "order";
  static constexpr std::string_view summary = "Orders and what is done for them";
};

}  // namespace svc::order
