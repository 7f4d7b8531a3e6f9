// The inventory module's operations.
#pragma once

#include "base/clock.h"
#include "events/outbox.h"
#include "inventory/inventory.h"
#include "inventory/module.h"
#include "sql/database.h"

namespace svc::inventory {

class InventoryService final : public Inventory {
 public:
  /// What it refers to must outlive it.
  InventoryService(sql::Database& database, events::Outbox& outbox, const Clock& clock, Config config)
      : database_(database), outbox_(outbox), clock_(clock), config_(config) {}

  Reply<ListItems> handle(Call call, ListItems query) override;
  Reply<GetItem> handle(Call call, GetItem query) override;
  Reply<PutItem> handle(Call call, PutItem command) override;
  Reply<QuoteItems> handle(Call call, QuoteItems query) override;
  Reply<ReserveItems> handle(Call call, ReserveItems command) override;
  Reply<SellItems> handle(Call call, SellItems command) override;
  Reply<CommitReservation> handle(Call call, CommitReservation command) override;
  Reply<ReleaseReservation> handle(Call call, ReleaseReservation command) override;

  /// Gives back what is held beyond its time. Answers how many reservations that were.
  Task<Result<int>> sweep();

 private:
  Task<Result<Reservation>> take(Call call, std::string order_id, std::vector<Line> lines, ReservationState wanted);

  sql::Database& database_;
  events::Outbox& outbox_;
  const Clock& clock_;
  const Config config_;
};

}  // namespace svc::inventory
