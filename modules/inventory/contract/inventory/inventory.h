// Inventory: items, their prices, and stock set aside for orders. All that other modules may know of it.
#pragma once

#include "base/page.h"
#include "contract/service.h"
#include "inventory/events.h"
#include "inventory/types.h"

namespace svc::inventory {

struct ListItems {
  int limit = page_default;
  std::optional<std::string> cursor;
  static constexpr auto fields() { return rows(limit_field<ListItems>(), cursor_field<ListItems>()); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/items",
                                     .name = "list_items",
                                     .summary = "Lists items by sku",
                                     .access = Access::signed_in,
                                     .retry = Retry::read};
  using Response = ItemPage;
};

struct GetItem {
  std::string sku;
  static constexpr auto fields() { return rows(field(&GetItem::sku, "sku", "The item")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/items/{sku}",
                                     .name = "get_item",
                                     .summary = "Reads an item",
                                     .access = Access::signed_in,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Item;
};

struct PutItem {
  std::string sku, name;
  Price unit_price;
  std::int64_t on_hand = 0;
  static constexpr auto fields() {
    return rows(field(&PutItem::sku, "sku", "What the item is known by", is_slug),
                field(&PutItem::name, "name", "What it is called", Length{1, 200}, is_visible),
                field(&PutItem::unit_price, "unitPrice", "What one unit costs"),
                field(&PutItem::on_hand, "onHand", "Units in stock, reserved ones included", Range{0, stock_limit}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/items/{sku}",
                                     .name = "put_item",
                                     .summary = "Makes an item, or changes its name, price and stock",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .location = "/items/{sku}",
                                     .fails = {Code::conflict}};
  using Response = PutAnswer;
};

struct QuoteItems {
  std::vector<Line> items;
  static constexpr auto fields() {
    return rows(field(&QuoteItems::items, "items", "What is wanted", Items{1, lines_limit}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/internal/quotes",
                                     .name = "quote_items",
                                     .summary = "Prices lines; each unknown sku is named by its pointer",
                                     .access = Access::service,
                                     .retry = Retry::read};
  using Response = Quote;
};

struct ReserveItems {
  std::string order_id;
  std::vector<Line> lines;
  static constexpr auto fields() {
    return rows(field(&ReserveItems::order_id, "orderId", "The order they are for", is_uuid_text),
                field(&ReserveItems::lines, "lines", "What to set aside: all of it or nothing", Items{1, lines_limit}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/internal/reservations/{orderId}",
                                     .name = "reserve_items",
                                     .summary = "Sets stock aside for an order, once; a refusal lasts",
                                     .access = Access::service,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::conflict}};
  using Response = Reservation;
};

struct SellItems {
  std::string order_id;
  std::vector<Line> lines;
  static constexpr auto fields() {
    return rows(field(&SellItems::order_id, "orderId", "The order they are for", is_uuid_text),
                field(&SellItems::lines, "lines", "What to sell: all of it or nothing", Items{1, lines_limit}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/internal/sales/{orderId}",
                                     .name = "sell_items",
                                     .summary = "Sells stock to an order, once, as if it were reserved and committed",
                                     .access = Access::service,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::conflict}};
  using Response = Reservation;
};

struct CommitReservation {
  std::string order_id;
  static constexpr auto fields() {
    return rows(field(&CommitReservation::order_id, "orderId", "The order", is_uuid_text));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/internal/reservations/{orderId}/commit",
                                     .name = "commit_reservation",
                                     .summary = "Turns what was set aside into what was sold",
                                     .access = Access::service,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::conflict}};
  using Response = Reservation;
};

struct ReleaseReservation {
  std::string order_id;
  static constexpr auto fields() {
    return rows(field(&ReleaseReservation::order_id, "orderId", "The order", is_uuid_text));
  }
  static constexpr Endpoint endpoint{
      .verb = Verb::post,
      .path = "/internal/reservations/{orderId}/release",
      .name = "release_reservation",
      .summary = "Gives back what was set aside or sold; of what never was, refuses what may still come",
      .access = Access::service,
      .retry = Retry::idempotent};
  using Response = Reservation;
};

struct Inventory : Service<Inventory, ListItems, GetItem, PutItem, QuoteItems, ReserveItems, SellItems,
                           CommitReservation, ReleaseReservation> {
  using Events = EventList<StockChanged>;
  static constexpr std::string_view name = "inventory";
  static constexpr std::string_view summary = "Items and their stock";
};

}  // namespace svc::inventory
