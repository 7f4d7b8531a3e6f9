#include "stock.h"

namespace svc::inventory {

StockChanged stock_of(const StockedItem& item) { return {item.sku, item.on_hand, item.reserved, item.available()}; }

bool Stock::take(const Line& line, std::int64_t on_hand, std::int64_t reserved) {
  if (!take_stock(transaction_, line, on_hand, reserved)) return false;
  note(line.sku, on_hand, reserved);
  return true;
}

void Stock::move(const std::string& sku, std::int64_t on_hand, std::int64_t reserved) {
  move_stock(transaction_, sku, on_hand, reserved);
  note(sku, on_hand, reserved);
}

void Stock::note(const std::string& sku, std::int64_t on_hand, std::int64_t reserved) {
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
