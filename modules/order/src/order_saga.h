// How an order is carried out: reserve, pay, confirm; undone as refund, release. Where stock is ample, the first two go
// side by side, and what is reserved is sold by that.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "events/outbox.h"
#include "order/module.h"
#include "order_store.h"
#include "saga/saga.h"
#include "sql/database.h"

namespace svc::order {

/// What the saga of an order works with. It outlives the saga.
struct Tools {
  events::Outbox& outbox;
  const Clock& clock;
  Links links;
};

/// The definition that the module's runner drives. What it refers to must outlive it.
saga::Definition order_saga(sql::Database& database, const Tools& tools);

/// An order as its saga left it on disk; nothing as long as it has not.
using Outcome = std::optional<Order>;

/// The saga of an order that is at hand. Tells `outcome`, if that is not null, on the loop it runs on. `ample`: there
/// is so much of its items that they are sold at once, beside the charge.
std::unique_ptr<saga::Instance> order_instance(StoredOrder order, bool ample, const Tools& tools,
                                               std::shared_ptr<Outcome> outcome);

}  // namespace svc::order
