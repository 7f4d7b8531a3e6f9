// How a process hosts the inventory module. Included by app and tests only.
#pragma once

#include <filesystem>
#include <memory>

#include "base/fields.h"
#include "inventory/inventory.h"
#include "module/module.h"

namespace svc::inventory {

struct Config {
  std::int64_t reservation_seconds = 900;
  std::int64_t sweep_seconds = 5;
  std::int64_t ample_stock = 1'000;
  static constexpr auto fields() {
    return rows(field(&Config::reservation_seconds, "reservation_seconds",
                      "How long stock is held for an order that is not paid", Range{1, 7 * 86'400}, Default{900}),
                field(&Config::sweep_seconds, "sweep_seconds", "How often reservations that expired are given back",
                      Range{1, 3'600}, Default{5}),
                field(&Config::ample_stock, "ample_stock",
                      "How many times what is ordered must be in stock for it to be sold at once, beside the charge, "
                      "and not held first until it is paid",
                      Range{1, stock_limit}, Default{1'000}));
  }
};

/// `database`: the module's SQLite file. Throws std::runtime_error when it cannot be used.
std::unique_ptr<Hosted<Inventory>> make(const Config& config, const Environment& environment,
                                        const std::filesystem::path& database);

}  // namespace svc::inventory
