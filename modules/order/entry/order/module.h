// How a process hosts the order module. Included by app and tests only.
#pragma once

#include <filesystem>
#include <memory>

#include "base/fields.h"
#include "contract/feed.h"
#include "inventory/inventory.h"
#include "module/module.h"
#include "order/order.h"
#include "payment/payment.h"
#include "saga/runner.h"
#include "user/user.h"

namespace svc::order {

struct Config {
  std::int64_t wait_seconds = 2;
  std::int64_t idempotency_hours = 24;
  std::int64_t user_timeout_ms = 1'000;
  saga::Options saga{};
  static constexpr auto fields() {
    return rows(field(&Config::wait_seconds, "wait_seconds",
                      "How long placing an order waits for its end, unless Prefer says", Range{0, 30}, Default{2}),
                field(&Config::idempotency_hours, "idempotency_hours", "How long an Idempotency-Key is remembered",
                      Range{1, 8'760}, Default{24}),
                field(&Config::user_timeout_ms, "user_timeout_ms",
                      "How long the user module is waited for before an order is taken from the copy of its users",
                      Range{10, 60'000}, Default{1'000}),
                field(&Config::saga, "saga", "How an order is carried out"));
  }
};

/// What order hears of others.
using Hears = EventList<user::UserCreated, user::UserUpdated, user::UserDeleted>;

/// The modules that order asks, and whose events it hears. They outlive it.
struct Links {
  user::Users& users;
  EventFeed& user_events;
  inventory::Inventory& inventory;
  payment::Payments& payments;
};

/// `database`: the module's SQLite file. Throws std::runtime_error when it cannot be used.
std::unique_ptr<Hosted<Orders>> make(const Config& config, const Environment& environment,
                                     const std::filesystem::path& database, const Links& links);

}  // namespace svc::order
