// Books: what must be true of a system's data, whatever was killed and when.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/system.h"

namespace svc::test {

/// A shop with one customer and one item, for orders to be placed in.
struct Shop {
  static constexpr int stock = 100'000;
  static constexpr int price = 100;
  std::string ops, customer;
  explicit Shop(System& system);

  /// Places an order for `quantity` units. No answer: status 0.
  Answer place(System& system, const std::string& method, int quantity, const std::string& key) const;
  Answer cancel(System& system, const std::string& order_id) const;
  std::string status_of(System& system, const std::string& order_id) const;
};

/// Waits until no order is pending any more, and answers every order. Fails the test when that takes longer
/// than 30 seconds.
std::vector<nlohmann::json> settled_orders(System& system, const Shop& shop);

/// Looks into the databases themselves, of a system that is stopped or idle, and fails the test for every
/// promise that is broken: stock conserved, money conserved, nothing charged twice, nothing held.
void check_books(System& system, const std::vector<nlohmann::json>& orders);

}  // namespace svc::test
