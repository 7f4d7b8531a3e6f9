// What happens to items, for whoever wants to know.
#pragma once

#include "contract/event.h"
#include "inventory/types.h"

namespace svc::inventory {

struct StockChanged {
  std::string sku;
  std::int64_t on_hand = 0, reserved = 0, available = 0;
  static constexpr auto fields() {
    return rows(field(&StockChanged::sku, "sku", "The item"),
                field(&StockChanged::on_hand, "onHand", "Units in stock, reserved ones included"),
                field(&StockChanged::reserved, "reserved", "Units set aside for orders"),
                field(&StockChanged::available, "available", "Units that can be ordered"));
  }
  static constexpr EventInfo event{
      .type = "stock_changed",
      .version = 1,
      .summary = "An item is there in another number: counted, set aside, sold or given back"};
  const std::string& subject() const { return sku; }
};

}  // namespace svc::inventory
