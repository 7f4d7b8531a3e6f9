// Stock: how many units there are, as one transaction changes it. What has changed when it ends is told of, each item
// once for all transactions of a commit: nobody could ever see what it was between them.
#pragma once

#include <map>
#include <string>

#include "events/outbox.h"
#include "inventory/events.h"
#include "inventory_store.h"

namespace svc::inventory {

class Stock {
 public:
  /// `cause` outlives the write.
  Stock(sql::Transaction& transaction, events::Outbox& outbox, const Call& cause)
      : transaction_(transaction), outbox_(outbox), cause_(cause) {}

  sql::Transaction& transaction() { return transaction_; }

  /// As move(), where the line's quantity is available; false when there is too little of it, or no such item.
  bool take(const Line& line, std::int64_t on_hand, std::int64_t reserved);
  /// Both counts change by the given numbers, which may be negative.
  void move(const std::string& sku, std::int64_t on_hand, std::int64_t reserved);
  /// Publishes what has changed. The last thing that is done in the transaction.
  void tell();

 private:
  struct Change {
    std::int64_t on_hand = 0, reserved = 0;
  };
  void note(const std::string& sku, std::int64_t on_hand, std::int64_t reserved);

  sql::Transaction& transaction_;
  events::Outbox& outbox_;
  const Call& cause_;
  std::map<std::string, Change> changes_;
};

/// What is told of an item.
StockChanged stock_of(const StockedItem& item);

}  // namespace svc::inventory
