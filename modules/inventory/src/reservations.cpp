#include "reservations.h"

#include <algorithm>

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

void move(Stock& stock, const std::vector<Line>& lines, std::int64_t on_hand, std::int64_t reserved) {
  for (const auto& line : lines) stock.move(line.sku, on_hand * line.quantity, reserved * line.quantity);
}

// All lines, to be held or sold, or none; then the sku that was short.
std::optional<std::string> take_lines(Stock& stock, const std::vector<Line>& lines, ReservationState wanted) {
  const std::int64_t on_hand = wanted == committed ? -1 : 0, reserved = wanted == committed ? 0 : 1;
  const auto missing = std::ranges::find_if(
      lines, [&](const auto& line) { return !stock.take(line, on_hand * line.quantity, reserved * line.quantity); });
  if (missing == lines.end()) return std::nullopt;
  move(stock, {lines.begin(), missing}, -on_hand, -reserved);
  return missing->sku;
}

void sell_held(Stock& stock, const std::string& order_id, StoredReservation& known) {
  known.state = committed;
  update_reservation(stock.transaction(), order_id, known);
  move(stock, known.lines, -1, -1);
}

// Of one that is there.
Result<Reservation> take_again(Stock& stock, const std::string& order_id, ReservationState wanted, Time expires_at) {
  auto& transaction = stock.transaction();
  auto known = *find_reservation(transaction, order_id);
  if (known.state == held && wanted == committed) sell_held(stock, order_id, known);
  if (known.state == expired) {
    const auto missing = take_lines(stock, known.lines, wanted);
    known.state = missing ? refused : wanted;
    known.detail = missing.value_or("");
    known.expires_at = expires_at;
    update_reservation(transaction, order_id, known);
  }
  return answer_of(order_id, known);
}

}  // namespace

Taken take(Stock& stock, const std::string& order_id, const std::vector<Line>& lines, ReservationState wanted,
           Time expires_at) {
  auto& transaction = stock.transaction();
  StoredReservation made{wanted, expires_at, "", lines};
  if (!insert_reservation(transaction, order_id, made)) return {take_again(stock, order_id, wanted, expires_at)};
  if (const auto missing = take_lines(stock, lines, wanted)) {
    made.state = refused;
    made.detail = *missing;
    update_reservation(transaction, order_id, made);
  }
  return {answer_of(order_id, made)};
}

Result<Reservation> commit(Stock& stock, const std::string& order_id) {
  auto& transaction = stock.transaction();
  auto known = find_reservation(transaction, order_id);
  if (!known) return fail(Code::conflict, "not_reserved", "Nothing was set aside for this order");
  if (known->state == held) {
    sell_held(stock, order_id, *known);
  } else if (known->state == expired && !take_lines(stock, known->lines, committed)) {
    known->state = committed;
    update_reservation(transaction, order_id, *known);
  }
  return answer_of(order_id, *known);
}

Reservation release(Stock& stock, const std::string& order_id) {
  auto& transaction = stock.transaction();
  const StoredReservation mark{released, Time{}, "", {}};
  if (insert_reservation(transaction, order_id, mark)) return {order_id, mark.state, mark.expires_at};
  auto known = *find_reservation(transaction, order_id);
  if (known.state == held) move(stock, known.lines, 0, -1);
  if (known.state == committed) move(stock, known.lines, 1, 0);
  if (known.state == held || known.state == committed || known.state == expired) {
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
  move(stock, known->lines, 0, -1);
}

}  // namespace svc::inventory
