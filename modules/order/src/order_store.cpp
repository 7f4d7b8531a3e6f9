#include "order_store.h"

#include "base/parts.h"

namespace svc::order {
namespace {

// The lines of an order as its row has them (migrations/003_written_once.sql).
std::string stored_lines(const std::vector<inventory::PricedLine>& lines) {
  std::string text;
  for (const auto& [sku, quantity, price] : lines)
    text += std::to_string(quantity) + ' ' + std::to_string(price.amount) + ' ' + price.currency + ' ' + sku + '\n';
  return text;
}

std::vector<inventory::PricedLine> lines_of(const std::string& stored) {
  std::vector<inventory::PricedLine> lines;
  for (Parts parts(stored); !parts.empty();) {
    auto& line = lines.emplace_back();
    line.quantity = parts.integer(' ');
    line.unit_price.amount = parts.integer(' ');
    line.unit_price.currency = parts.text(' ');
    line.sku = parts.text('\n');
  }
  return lines;
}

StoredOrder read_order(const sql::Row& row) {
  StoredOrder stored;
  Order& order = stored.order;
  order.id = row.text(0);
  order.user_id = row.text(1);
  order.total_amount = {row.integer(2), row.text(3)};
  order.status = row.named<OrderStatus>(4);
  stored.payment_id = row.text(5);
  stored.payment_method = row.text(6);
  if (row.integer(7) != 0) order.payment_id = stored.payment_id;
  if (!row.is_null(8)) order.failure = OrderFailure{row.named<FailedStep>(8), row.text(9), row.text(10)};
  order.created_at = row.time(11);
  order.updated_at = row.time(12);
  order.items = lines_of(row.text(13));
  return stored;
}

std::optional<FailedStep> step_of(const Order& order) {
  return order.failure ? std::optional(order.failure->step) : std::nullopt;
}
std::optional<std::string> text_of(const Order& order, std::string OrderFailure::* member) {
  return order.failure ? std::optional((*order.failure).*member) : std::nullopt;
}

}  // namespace

void insert_order(sql::Transaction& transaction, const StoredOrder& stored) {
  const Order& order = stored.order;
  transaction.execute(
      "INSERT INTO orders (id, user_id, total, currency, status, payment_id, payment_method, paid, created_at, "
      "updated_at, lines) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
      order.id, order.user_id, order.total_amount.amount, order.total_amount.currency, order.status, stored.payment_id,
      stored.payment_method, order.created_at, order.updated_at, stored_lines(order.items));
}

std::optional<StoredOrder> find_order(sql::Session& session, const std::string& id) {
  return session.first(
      "SELECT id, user_id, total, currency, status, payment_id, payment_method, paid, failure_step, failure_code, "
      "failure_detail, created_at, updated_at, lines FROM orders WHERE id = ?",
      read_order, id);
}

std::vector<Order> list_orders(sql::Session& session, const OrderFilter& filter, int limit) {
  std::vector<std::string> ids;
  const auto add = [&](const sql::Row& row) { ids.push_back(row.text(0)); };
  // The text of a UUID always comes before "g".
  const std::string before = filter.before.empty() ? "g" : filter.before;
  const auto& [user, status, ignored] = filter;
  // `status <> 'pending'` says that the index of a user's orders that have ended will do
  // (migrations/003_written_once.sql), and NOT IN that the one of all (004).
  const bool pending = status == OrderStatus::pending;
  if (user && pending)
    session.each("SELECT id FROM orders WHERE user_id = ? AND status = 'pending' AND id < ? ORDER BY id DESC LIMIT ?",
                 add, *user, before, limit);
  else if (user && status)
    session.each(
        "SELECT id FROM orders WHERE user_id = ? AND status = ? AND status <> 'pending' AND id < ? "
        "ORDER BY id DESC LIMIT ?",
        add, *user, *status, before, limit);
  else if (user)
    // Merged: another index, of users alone, would be written with every order.
    session.each(
        "SELECT id FROM orders WHERE user_id = ?1 AND status = 'pending' AND id < ?2 UNION ALL "
        "SELECT id FROM orders WHERE user_id = ?1 AND status = 'confirmed' AND status <> 'pending' AND id < ?2 "
        "UNION ALL "
        "SELECT id FROM orders WHERE user_id = ?1 AND status = 'cancelled' AND status <> 'pending' AND id < ?2 "
        "UNION ALL "
        "SELECT id FROM orders WHERE user_id = ?1 AND status = 'needs_attention' AND status <> 'pending' AND id < ?2 "
        "ORDER BY id DESC LIMIT ?3",
        add, *user, before, limit);
  else if (pending)
    // Told so, since SQLite would rather read all orders, which are in order, than sort these few.
    session.each(
        "SELECT id FROM orders INDEXED BY orders_pending WHERE status = 'pending' AND id < ? ORDER BY id DESC LIMIT ?",
        add, before, limit);
  else if (status == OrderStatus::confirmed)
    // Walks from the newest on, and soon meets enough of them, unless nearly all orders have failed.
    session.each("SELECT id FROM orders WHERE status = 'confirmed' AND id < ? ORDER BY id DESC LIMIT ?", add, before,
                 limit);
  else if (status)
    session.each(
        "SELECT id FROM orders WHERE status = ? AND status NOT IN ('pending', 'confirmed') AND id < ? "
        "ORDER BY id DESC LIMIT ?",
        add, *status, before, limit);
  else session.each("SELECT id FROM orders WHERE id < ? ORDER BY id DESC LIMIT ?", add, before, limit);
  std::vector<Order> orders;
  for (const auto& id : ids) orders.push_back(std::move(find_order(session, id)->order));
  return orders;
}

void update_order(sql::Transaction& transaction, const Order& order) {
  transaction.execute(
      "UPDATE orders SET status = ?, paid = ?, failure_step = ?, failure_code = ?, failure_detail = ?, "
      "updated_at = ? WHERE id = ?",
      order.status, order.payment_id.has_value(), step_of(order), text_of(order, &OrderFailure::code),
      text_of(order, &OrderFailure::detail), order.updated_at, order.id);
}

std::optional<KnownKey> find_key(sql::Session& session, const std::string& user_id, const std::string& key, Time now) {
  return session.first(
      "SELECT body_hash, order_id FROM idempotency_keys WHERE user_id = ? AND key = ? AND expires_at > ?",
      [](const sql::Row& row) { return KnownKey{row.text(0), row.text(1)}; }, user_id, key, now);
}

bool insert_key(sql::Transaction& transaction, const std::string& user_id, const std::string& key,
                const KnownKey& known, Time now, Time expires_at) {
  transaction.execute("DELETE FROM idempotency_keys WHERE expires_at <= ?", now);
  return transaction.execute(
             "INSERT INTO idempotency_keys (user_id, key, body_hash, order_id, expires_at) VALUES (?, ?, ?, ?, ?) "
             "ON CONFLICT (user_id, key) DO NOTHING",
             user_id, key, known.body_hash, known.order_id, expires_at) == 1;
}

void insert_customer(sql::Transaction& transaction, const std::string& user_id) {
  transaction.execute("INSERT INTO customers (id) VALUES (?) ON CONFLICT DO NOTHING", user_id);
}

void delete_customer(sql::Transaction& transaction, const std::string& user_id) {
  transaction.execute("DELETE FROM customers WHERE id = ?", user_id);
}

bool find_customer(sql::Session& session, const std::string& user_id) {
  return session.any("SELECT 1 FROM customers WHERE id = ?", user_id);
}

}  // namespace svc::order
