#include "inventory_store.h"

#include "base/parts.h"

namespace svc::inventory {
namespace {

// The lines of a reservation as its row has them (migrations/002_lines_in_their_reservation.sql).
std::string stored_lines(const std::vector<Line>& lines) {
  std::string text;
  for (const auto& line : lines) text += std::to_string(line.quantity) + ' ' + line.sku + '\n';
  return text;
}

std::vector<Line> lines_of(const std::string& stored) {
  std::vector<Line> lines;
  for (Parts parts(stored); !parts.empty();) {
    auto& line = lines.emplace_back();
    line.quantity = parts.integer(' ');
    line.sku = parts.text('\n');
  }
  return lines;
}

StoredReservation read_reservation(const sql::Row& row) {
  return {row.named<ReservationState>(0), row.time(1), row.text(2), lines_of(row.text(3))};
}

StockedItem read_item(const sql::Row& row) {
  return {row.text(0), row.text(1), Money{row.integer(2), row.text(3)}, row.integer(4), row.integer(5)};
}

}  // namespace

std::optional<StockedItem> find_item(sql::Session& session, const std::string& sku) {
  return session.first("SELECT sku, name, amount, currency, on_hand, reserved FROM items WHERE sku = ?", read_item,
                       sku);
}

std::vector<StockedItem> list_items_after(sql::Session& session, const std::string& sku, int limit) {
  std::vector<StockedItem> items;
  session.each(
      "SELECT sku, name, amount, currency, on_hand, reserved FROM items WHERE sku > ? ORDER BY sku LIMIT ?",
      [&](const sql::Row& row) { items.push_back(read_item(row)); }, sku, limit);
  return items;
}

void save_item(sql::Transaction& transaction, const StockedItem& item) {
  transaction.execute(
      "INSERT INTO items (sku, name, amount, currency, on_hand) VALUES (?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE "
      "SET name = excluded.name, amount = excluded.amount, currency = excluded.currency, on_hand = excluded.on_hand",
      item.sku, item.name, item.unit_price.amount, item.unit_price.currency, item.on_hand);
}

bool take_stock(sql::Transaction& transaction, const Line& line, std::int64_t on_hand, std::int64_t reserved) {
  return transaction.execute(
             "UPDATE items SET on_hand = on_hand + ?, reserved = reserved + ? WHERE sku = ? AND on_hand - reserved >= "
             "?",
             on_hand, reserved, line.sku, line.quantity) == 1;
}

void move_stock(sql::Transaction& transaction, const std::string& sku, std::int64_t on_hand, std::int64_t reserved) {
  transaction.execute("UPDATE items SET on_hand = on_hand + ?, reserved = reserved + ? WHERE sku = ?", on_hand,
                      reserved, sku);
}

std::optional<StoredReservation> find_reservation(sql::Session& session, const std::string& order_id) {
  return session.first("SELECT state, expires_at, detail, lines FROM reservations WHERE order_id = ?", read_reservation,
                       order_id);
}

bool insert_reservation(sql::Transaction& transaction, const std::string& order_id,
                        const StoredReservation& reservation) {
  return transaction.execute(
             "INSERT INTO reservations (order_id, state, expires_at, detail, lines) VALUES (?, ?, ?, ?, ?) "
             "ON CONFLICT (order_id) DO NOTHING",
             order_id, reservation.state, reservation.expires_at, reservation.detail,
             stored_lines(reservation.lines)) == 1;
}

void update_reservation(sql::Transaction& transaction, const std::string& order_id,
                        const StoredReservation& reservation) {
  transaction.execute("UPDATE reservations SET state = ?, expires_at = ?, detail = ? WHERE order_id = ?",
                      reservation.state, reservation.expires_at, reservation.detail, order_id);
}

std::vector<std::string> find_expired(sql::Session& session, Time now, int limit) {
  std::vector<std::string> orders;
  session.each(
      "SELECT order_id FROM reservations WHERE state = 'held' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
      [&](const sql::Row& row) { orders.push_back(row.text(0)); }, now, limit);
  return orders;
}

}  // namespace svc::inventory
