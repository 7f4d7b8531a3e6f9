#include "reservations.h"

#include <algorithm>
#include <span>

namespace svc::inventory {
namespace {

using enum ReservationState;

Result<Reservation> answer_of(const std::string& order_id, const StoredReservation& stored) {
  switch (stored.state) {
    case held:
    case committed: return Reservation{order_id, stored.state, stored.expires_at};
    case refused: return fail(Code::conflict, "out_of_stock", "There is not enough of " + stored.detail);
    case expired: return fail(Code::conflict, "reservation_expired", "It was held for its time and given back");
    case released: break;
  }
  return fail(Code::conflict, "reservation_released", "It was given back");
}

void move_lines(Stock& stock, const std::string& order_id, std::int64_t on_hand, std::int64_t reserved) {
  for (const auto& line : find_lines(stock.transaction(), order_id))
    stock.move(line.sku, on_hand * line.quantity, reserved * line.quantity);
}

}  // namespace

Reserved reserve(Stock& stock, const std::string& order_id, const std::vector<Line>& lines, Time expires_at) {
  auto& transaction = stock.transaction();
  StoredReservation made{held, expires_at, ""};
  if (!insert_reservation(transaction, order_id, made))
    return {answer_of(order_id, *find_reservation(transaction, order_id))};
  const auto missing = std::ranges::find_if(lines, [&](const auto& line) { return !stock.set_aside(line); });
  if (missing == lines.end()) {
    save_lines(transaction, order_id, lines);
  } else {
    for (const auto& line : std::span(lines.begin(), missing)) stock.move(line.sku, 0, -line.quantity);
    made.state = refused;
    made.detail = missing->sku;
    update_reservation(transaction, order_id, made);
  }
  return {answer_of(order_id, made)};
}

Result<Reservation> commit(Stock& stock, const std::string& order_id) {
  auto& transaction = stock.transaction();
  auto known = find_reservation(transaction, order_id);
  if (!known) return fail(Code::conflict, "not_reserved", "Nothing was set aside for this order");
  if (known->state == held) {
    known->state = committed;
    update_reservation(transaction, order_id, *known);
    move_lines(stock, order_id, -1, -1);
  }
  return answer_of(order_id, *known);
}

Reservation release(Stock& stock, const std::string& order_id) {
  auto& transaction = stock.transaction();
  StoredReservation mark{released, Time{}, ""};
  if (insert_reservation(transaction, order_id, mark)) return {order_id, mark.state, mark.expires_at};
  auto known = *find_reservation(transaction, order_id);
  if (known.state == held) move_lines(stock, order_id, 0, -1);
  if (known.state == committed) move_lines(stock, order_id, 1, 0);
  if (known.state == held || known.state == committed) {
    known.state = released;
    update_reservation(transaction, order_id, known);
  }
  return {order_id, known.state, known.expires_at};
}

void expire(Stock& stock, const std::string& order_id, Time now) {
  auto& transaction = stock.transaction();
  auto known = find_reservation(transaction, order_id);
  if (!known || known->state != held || known->expires_at > now) return;
  known->state = expired;
  update_reservation(transaction, order_id, *known);
  move_lines(stock, order_id, 0, -1);
}

}  // namespace svc::inventory
