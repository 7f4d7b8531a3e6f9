// How an order is carried out: reserve, pay, confirm; undone as refund, release.
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

/// Stock that is being set aside for an order.
using Reserving = Reply<inventory::ReserveItems>;

/// Asks for the stock of an order, to be held for `hold`, or for as long as the inventory holds by itself.
Reserving set_aside(Call call, const Order& order, inventory::Inventory& inventory, std::optional<seconds> hold = {});

/// The saga of an order that is at hand, for which stock is being set aside already. Tells `outcome` on the loop it
/// runs on.
std::unique_ptr<saga::Instance> order_instance(StoredOrder order, const Tools& tools, std::shared_ptr<Outcome> outcome,
                                               std::optional<Reserving> begun = {});

}  // namespace svc::order
