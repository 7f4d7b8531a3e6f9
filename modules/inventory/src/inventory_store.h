// The inventory module's tables. The only SQL of the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inventory/types.h"
#include "sql/migrations.h"
#include "sql/session.h"

namespace svc::inventory {

sql::Migrations migrations();

/// An item with all that admins may see.
struct StockedItem {
  std::string sku, name;
  Money unit_price;
  std::int64_t on_hand = 0, reserved = 0;
  std::int64_t available() const { return on_hand - reserved; }
};

struct StoredReservation {
  ReservationState state = ReservationState::held;
  Time expires_at;
  std::string detail;  ///< of a refused one: the sku that was short
  std::vector<Line> lines;
};

std::optional<StockedItem> find_item(sql::Session& session, const std::string& sku);
/// Items whose sku comes after `sku`, in order.
std::vector<StockedItem> list_items_after(sql::Session& session, const std::string& sku, int limit);
/// Makes or overwrites an item; its reserved units stay.
void save_item(sql::Transaction& transaction, const StockedItem& item);
/// Moves stock as below where the line's quantity is available; false when there is too little of it, or no such item.
bool take_stock(sql::Transaction& transaction, const Line& line, std::int64_t on_hand, std::int64_t reserved);
/// Moves stock: both counts change by the given numbers, which may be negative.
void move_stock(sql::Transaction& transaction, const std::string& sku, std::int64_t on_hand, std::int64_t reserved);

std::optional<StoredReservation> find_reservation(sql::Session& session, const std::string& order_id);
/// False when the order has one.
bool insert_reservation(sql::Transaction& transaction, const std::string& order_id,
                        const StoredReservation& reservation);
/// Writes all but its lines.
void update_reservation(sql::Transaction& transaction, const std::string& order_id,
                        const StoredReservation& reservation);
/// Orders whose reservation is held beyond its time.
std::vector<std::string> find_expired(sql::Session& session, Time now, int limit);

}  // namespace svc::inventory
