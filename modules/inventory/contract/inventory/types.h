// The types of the inventory module's contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/money.h"

namespace svc::inventory {

inline constexpr std::int64_t quantity_limit = 10'000, lines_limit = 100;
inline constexpr std::int64_t price_limit = 1'000'000'000, stock_limit = 1'000'000'000;

/// What a unit may be made to cost. So much less than Money can tell that no order's total overflows it.
struct Price {
  std::int64_t amount = 0;
  std::string currency;
  static constexpr std::string_view schema_name = "Price";
  static constexpr auto fields() {
    return rows(field(&Price::amount, "amount", "In minor units of the currency: cents", Range{0, price_limit}),
                field(&Price::currency, "currency", "ISO 4217", is_currency));
  }
};

/// Units of one item.
struct Line {
  std::string sku;
  std::int64_t quantity = 0;
  static constexpr auto fields() {
    return rows(field(&Line::sku, "sku", "The item", is_slug),
                field(&Line::quantity, "quantity", "Units of it", Range{1, quantity_limit}));
  }
  bool operator==(const Line&) const = default;
};

/// Units of one item and what one of them costs.
struct PricedLine {
  std::string sku;
  std::int64_t quantity = 0;
  Money unit_price;
  static constexpr std::string_view schema_name = "PricedLine";
  static constexpr auto fields() {
    return rows(field(&PricedLine::sku, "sku", "The item"), field(&PricedLine::quantity, "quantity", "Units of it"),
                field(&PricedLine::unit_price, "unitPrice", "What one unit costs"));
  }
  bool operator==(const PricedLine&) const = default;
};

struct Item {
  std::string sku, name;
  Money unit_price;
  std::int64_t available = 0;
  std::optional<std::int64_t> on_hand, reserved;
  static constexpr std::string_view schema_name = "Item";
  static constexpr auto fields() {
    return rows(field(&Item::sku, "sku", "What the item is known by"), field(&Item::name, "name", "What it is called"),
                field(&Item::unit_price, "unitPrice", "What one unit costs"),
                field(&Item::available, "available", "Units that can be ordered"),
                field(&Item::on_hand, "onHand", "Units in stock, reserved ones included; for admins"),
                field(&Item::reserved, "reserved", "Units set aside for orders; for admins"));
  }
  bool operator==(const Item&) const = default;
};

/// An item as it stands after it was put, and whether it is new.
struct PutAnswer : Item {
  bool created = false;  ///< travels as the status, 201 or 200
};

struct ItemPage {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;
  static constexpr std::string_view schema_name = "ItemPage";
  static constexpr auto fields() {
    return rows(field(&ItemPage::items, "items", "The items, by sku"),
                field(&ItemPage::next_cursor, "nextCursor", "Leads to the next page; absent on the last"));
  }
};

struct Quote {
  std::vector<PricedLine> lines;
  bool ample = false;
  static constexpr auto fields() {
    return rows(field(&Quote::lines, "lines", "The lines asked for, with their prices"),
                field(&Quote::ample, "ample", "Whether there is so much of each that an order may count on it"));
  }
  bool operator==(const Quote&) const = default;
};

/// Stock set aside for an order.
enum class ReservationState {
  held,       ///< set aside, until it expires
  committed,  ///< sold: no longer on hand
  released,   ///< given back, or never to be given
  expired,    ///< given back, since nobody came
  refused,    ///< there was not enough
};
constexpr auto names(std::type_identity<ReservationState>) {
  using enum ReservationState;
  return std::array{EnumName{held, "held"}, EnumName{committed, "committed"}, EnumName{released, "released"},
                    EnumName{expired, "expired"}, EnumName{refused, "refused"}};
}

struct Reservation {
  std::string order_id;
  ReservationState state = ReservationState::held;
  Time expires_at;
  static constexpr auto fields() {
    return rows(field(&Reservation::order_id, "orderId", "The order it is for"),
                field(&Reservation::state, "state", "How it stands"),
                field(&Reservation::expires_at, "expiresAt", "When it ends if it is only held"));
  }
  bool operator==(const Reservation&) const = default;
};

}  // namespace svc::inventory
