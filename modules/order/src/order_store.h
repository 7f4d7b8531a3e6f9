// The order module's tables. With core/saga's, the only SQL of the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "order/types.h"
#include "sql/migrations.h"
#include "sql/session.h"

namespace svc::order {

sql::Migrations migrations();

/// An order with what its saga must know.
struct StoredOrder {
  Order order;
  std::string payment_id, payment_method;
};

void insert_order(sql::Transaction& transaction, const StoredOrder& stored);
std::optional<StoredOrder> find_order(sql::Session& session, const std::string& id);

struct OrderFilter {
  std::optional<std::string> user_id;
  std::optional<OrderStatus> status;
  std::string before;  ///< only ids that come before this one; empty: all
};
/// Newest first.
std::vector<Order> list_orders(sql::Session& session, const OrderFilter& filter, int limit);

/// Writes what changes in an order's life: status, failure, payment and time.
void update_order(sql::Transaction& transaction, const Order& order);

/// The copy of users that can order, kept from the user module's events.
void insert_customer(sql::Transaction& transaction, const std::string& user_id);
void delete_customer(sql::Transaction& transaction, const std::string& user_id);
bool find_customer(sql::Session& session, const std::string& user_id);

struct KnownKey {
  std::string body_hash, order_id;
};
std::optional<KnownKey> find_key(sql::Session& session, const std::string& user_id, const std::string& key, Time now);
/// Forgets keys that have expired, then notes this one. False when it is taken.
bool insert_key(sql::Transaction& transaction, const std::string& user_id, const std::string& key,
                const KnownKey& known, Time now, Time expires_at);

}  // namespace svc::order
