#include "inventory_service.h"

#include "base/check.h"
#include "inventory_store.h"
#include "reservations.h"

namespace svc::inventory {
namespace {

Item shown_to(const Call& call, const StockedItem& item) {
  Item shown{item.sku, item.name, item.unit_price, item.available(), {}, {}};
  if (call.caller && call.caller->admin) {
    shown.on_hand = item.on_hand;
    shown.reserved = item.reserved;
  }
  return shown;
}

}  // namespace

Reply<ListItems> InventoryService::handle(Call call, ListItems query) {
  auto after = key_of_cursor(query.cursor, is_slug_text);
  if (!after) return refusal(after);
  auto items =
      database_.read([&](sql::Session& session) { return list_items_after(session, *after, query.limit + 1); });
  ItemPage page;
  page.next_cursor = cut_page(items, query.limit, [](const StockedItem& item) { return item.sku; });
  for (const auto& item : items) page.items.push_back(shown_to(call, item));
  return page;
}

Reply<GetItem> InventoryService::handle(Call call, GetItem query) {
  const auto item = database_.read([&](sql::Session& session) { return find_item(session, query.sku); });
  if (!item) return fail(Code::not_found, "not_found", "There is no such item");
  return shown_to(call, *item);
}

Reply<PutItem> InventoryService::handle(Call call, PutItem command) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<PutAnswer> {
    const auto known = find_item(transaction, command.sku);
    const auto reserved = known ? known->reserved : 0;
    if (command.on_hand < reserved)
      return fail(Code::conflict, "below_reserved", std::to_string(reserved) + " units are reserved");
    const StockedItem item{command.sku, command.name, Money{command.unit_price.amount, command.unit_price.currency},
                           command.on_hand, reserved};
    save_item(transaction, item);
    if (!known || known->on_hand != item.on_hand) outbox_.publish(transaction, stock_of(item), call);
    return PutAnswer{shown_to(call, item), !known};
  });
  auto saved = co_await writing;
  co_return saved;
}

Reply<QuoteItems> InventoryService::handle(Call, QuoteItems query) {
  const auto look_up = [&](sql::Session& session) -> Result<Quote> {
    Quote quote{{}, true};
    Violations unknown;
    for (std::size_t i = 0; i < query.items.size(); ++i) {
      const auto& line = query.items[i];
      const auto item = find_item(session, line.sku);
      if (!item) {
        report(unknown, {"/items/" + std::to_string(i) + "/sku", "unknown", "is no item"});
        continue;
      }
      quote.lines.push_back({line.sku, line.quantity, item->unit_price});
      quote.ample = quote.ample && item->available() / line.quantity >= config_.ample_stock;
    }
    if (unknown.empty()) return quote;
    Error error{Code::invalid, "unknown_sku", "See errors for each sku that is no item"};
    error.violations = std::move(unknown);
    return fail(std::move(error));
  };
  return database_.read(look_up);
}

Reply<ReserveItems> InventoryService::handle(Call call, ReserveItems command) {
  return take(std::move(call), std::move(command.order_id), std::move(command.lines), ReservationState::held);
}

Reply<SellItems> InventoryService::handle(Call call, SellItems command) {
  return take(std::move(call), std::move(command.order_id), std::move(command.lines), ReservationState::committed);
}

Task<Result<Reservation>> InventoryService::take(Call call, std::string order_id, std::vector<Line> lines,
                                                 ReservationState wanted) {
  const Time expires_at = clock_.now() + seconds{config_.reservation_seconds};
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<Taken> {
    Stock stock(transaction, outbox_, call);
    auto taken = inventory::take(stock, order_id, lines, wanted, expires_at);
    stock.tell();
    return taken;
  });
  auto written = co_await writing;
  if (!written) co_return refusal(written);
  co_return std::move(written->outcome);
}

Reply<CommitReservation> InventoryService::handle(Call call, CommitReservation command) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<Reservation> {
    Stock stock(transaction, outbox_, call);
    auto sold = commit(stock, command.order_id);
    stock.tell();
    return sold;
  });
  auto committed = co_await writing;
  co_return committed;
}

Reply<ReleaseReservation> InventoryService::handle(Call call, ReleaseReservation command) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<Reservation> {
    Stock stock(transaction, outbox_, call);
    auto given_back = release(stock, command.order_id);
    stock.tell();
    return given_back;
  });
  auto released = co_await writing;
  co_return released;
}

Task<Result<int>> InventoryService::sweep() {
  constexpr int at_once = 200;
  const Time now = clock_.now();
  const auto orders = database_.read([&](sql::Session& session) { return find_expired(session, now, at_once); });
  if (orders.empty()) co_return 0;
  const Call nobody;
  auto writing = database_.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) -> Result<int> {
    Stock stock(transaction, outbox_, nobody);
    for (const auto& order : orders) expire(stock, order, now);
    stock.tell();
    return static_cast<int>(orders.size());
  });
  auto swept = co_await writing;
  co_return swept;
}

}  // namespace svc::inventory
