#include "stock.h"

namespace svc::inventory {

StockChanged stock_of(const StockedItem& item) { return {item.sku, item.on_hand, item.reserved, item.available()}; }

bool Stock::set_aside(const Line& line) {
  if (!inventory::set_aside(transaction_, line)) return false;
  changes_[line.sku].reserved += line.quantity;
  return true;
}

bool Stock::sell(const Line& line) {
  if (!inventory::sell(transaction_, line)) return false;
  changes_[line.sku].on_hand -= line.quantity;
  return true;
}

void Stock::move(const std::string& sku, std::int64_t on_hand, std::int64_t reserved) {
  move_stock(transaction_, sku, on_hand, reserved);
  auto& change = changes_[sku];
  change.on_hand += on_hand;
  change.reserved += reserved;
}

void Stock::tell() {
  for (const auto& [sku, change] : changes_) {
    if (change.on_hand == 0 && change.reserved == 0) continue;
    transaction_.before_commit("stock_changed " + sku,
                               [&outbox = outbox_, &cause = cause_, sku](sql::Transaction& transaction) {
                                 if (const auto item = find_item(transaction, sku))
                                   outbox.publish(transaction, stock_of(*item), cause);
                               });
  }
}

}  // namespace svc::inventory
