#include "order_service.h"

#include "base/base64url.h"
#include "base/encode.h"
#include "identity/crypto.h"
#include "order_saga.h"
#include "saga/store.h"

namespace svc::order {
namespace {

// What an order's timeline says of its beginning.
constexpr auto user_from_copy = "the user module could not be asked: taken from the copy of its users";

tl::unexpected<Error> no_such_order() { return fail(Code::not_found, "not_found", "There is no such order"); }

tl::unexpected<Error> wrong_status(OrderStatus status) {
  const std::string name{to_name(status)};
  return fail(Code::conflict, "order_" + name, "The order is " + name);
}

// SHA-256 of what was asked for, however it was spelt.
std::string hash_of(const PlaceOrder& command) { return base64url(sha256(encode(command))); }

bool is_about_the_request(const Error& error) { return error.code == Code::invalid || error.code == Code::not_found; }

Money total_of(const std::vector<inventory::PricedLine>& lines) {
  Money total{0, lines.front().unit_price.currency};
  for (const auto& line : lines) total.amount += line.quantity * line.unit_price.amount;
  return total;
}

Violations foreign_currencies(const std::vector<inventory::PricedLine>& lines) {
  Violations found;
  const auto& currency = lines.front().unit_price.currency;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].unit_price.currency != currency)
      report(found, {"/items/" + std::to_string(i) + "/sku", "currency",
                     "costs " + lines[i].unit_price.currency + ", others " + currency});
  return found;
}

}  // namespace

std::optional<StoredOrder> OrderService::find(const std::string& id) {
  return database_.read([&](sql::Session& session) { return find_order(session, id); });
}

Result<StoredOrder> OrderService::find_visible(const Call& call, const std::string& id) {
  auto stored = find(id);
  if (!stored || (!call.caller->admin && stored->order.user_id != call.caller->subject)) return no_such_order();
  return std::move(*stored);
}

Reply<PlaceOrder> OrderService::handle(Call call, PlaceOrder command) {
  if (!call.origin->idempotency_key.empty()) return place_keyed(std::move(call), std::move(command));
  auto user_id = command.user_id.value_or(call.caller->subject);
  return place(std::move(call), std::move(command), std::move(user_id), std::nullopt);
}

Reply<PlaceOrder> OrderService::place_keyed(Call call, PlaceOrder command) {
  const std::string& owner = call.caller->subject;
  const std::string& key = call.origin->idempotency_key;
  const auto hold = keys_in_use_.hold(owner, key);
  if (!hold)
    co_return fail(Code::conflict, "still_being_answered", "The first request with this key is being answered");
  const auto body_hash = hash_of(command);
  const auto known = database_.read([&](sql::Session& session) { return find_key(session, owner, key, clock_.now()); });
  if (known) {
    auto repeating = answer_repeated(*known, body_hash);
    auto repeated = co_await repeating;
    co_return repeated;
  }
  auto user_id = command.user_id.value_or(owner);
  auto placing = place(call, std::move(command), std::move(user_id), KnownKey{body_hash, ""});
  auto placed = co_await placing;
  co_return placed;
}

Reply<PlaceOrder> OrderService::answer_repeated(KnownKey known, std::string body_hash) {
  if (known.body_hash != body_hash)
    return fail(Code::invalid, "idempotency_key_reused", "This Idempotency-Key was used for another request");
  auto stored = find(known.order_id);
  if (!stored) return no_such_order();
  return std::move(stored->order);
}

// Asks the other modules, side by side, about all that the order names. One answer tells every unknown name.
Task<Result<OrderService::Checked>> OrderService::check_with_others(Call call, PlaceOrder command,
                                                                    std::string user_id) {
  const Call own = call.on_own_account();
  auto finding = links_.users.handle(own.within(milliseconds{config_.user_timeout_ms}), user::FindUser{user_id});
  auto quoting = links_.inventory.handle(own, inventory::QuoteItems{std::move(command.items)});
  auto checking = links_.payments.handle(own, payment::CheckMethod{std::move(command.payment_method)});
  auto user = co_await finding;
  auto quote = co_await quoting;
  auto method = co_await checking;

  if (!quote && !is_about_the_request(quote.error())) co_return refusal(quote);
  const bool unasked = !user && !is_about_the_request(user.error());
  if (unasked && !is_known_customer(user_id)) co_return refusal(user);
  if (!method && !is_about_the_request(method.error())) co_return refusal(method);
  Error unknown{Code::invalid, "", "See errors for each name that is not known"};
  const auto add = [&unknown](std::string reason, Violations violations) {
    if (unknown.reason.empty()) unknown.reason = std::move(reason);
    for (auto& violation : violations) report(unknown.violations, std::move(violation));
  };
  if (!quote) add(quote.error().reason, std::move(quote.error().violations));
  if (!user && !unasked) add("unknown_user", {{"/userId", "unknown", "is no user"}});
  if (!method) add("unknown_payment_method", {{"/paymentMethod", "unknown", "is no way to pay"}});
  if (!unknown.reason.empty()) co_return fail(std::move(unknown));
  co_return Checked{std::move(quote->lines), quote->ample, unasked};
}

// As far as the user module has told: deleted ones are not.
bool OrderService::is_known_customer(const std::string& user_id) {
  return database_.read([&](sql::Session& session) { return find_customer(session, user_id); });
}

Reply<PlaceOrder> OrderService::place(Call call, PlaceOrder command, std::string user_id, std::optional<KnownKey> key) {
  auto checking = check_with_others(call, command, user_id);
  auto checked = co_await checking;
  if (!checked) co_return refusal(checked);
  auto& lines = checked->lines;
  if (auto foreign = foreign_currencies(lines); !foreign.empty()) {
    Error error{Code::invalid, "mixed_currencies", "An order has one currency"};
    error.violations = std::move(foreign);
    co_return fail(std::move(error));
  }

  const Time now = clock_.now();
  StoredOrder stored;
  stored.order.id = ids_.next();
  stored.order.user_id = std::move(user_id);
  stored.order.total_amount = total_of(lines);
  stored.order.items = std::move(lines);
  stored.order.created_at = stored.order.updated_at = now;
  stored.payment_id = ids_.next();
  stored.payment_method = command.payment_method;
  if (key) key->order_id = stored.order.id;

  const auto& owner = call.caller->subject;
  const auto& key_text = call.origin->idempotency_key;
  const auto news = outbox_.prepare(OrderCreated{stored.order}, call);
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<saga::Record> {
    insert_order(transaction, stored);
    const Time expires_at = now + std::chrono::hours{config_.idempotency_hours};
    if (key && !insert_key(transaction, owner, key_text, *key, now, expires_at))
      return fail(Code::conflict, "key_taken", "Another process was faster with this key");
    outbox_.publish(transaction, news);
    return runner_.create(transaction, stored.order.id, checked->from_copy ? user_from_copy : "");
  });
  auto created = co_await writing;
  if (!created && created.error().reason == "key_taken") {
    const auto known = database_.read([&](sql::Session& session) { return find_key(session, owner, key_text, now); });
    auto repeating = answer_repeated(known.value_or(KnownKey{}), key->body_hash);
    auto repeated = co_await repeating;
    co_return repeated;
  }
  if (!created) co_return refusal(created);
  auto running = run_to_end(std::move(call), std::move(*created), std::move(stored), checked->ample);
  auto order = co_await running;
  co_return order;
}

seconds OrderService::wait_of(const Call& call) const {
  return call.origin->wait.value_or(seconds{config_.wait_seconds});
}

// Drives the saga, and answers the order as it is when the saga has ended or the wait is over.
Reply<GetOrder> OrderService::run_to_end(Call call, saga::Record record, StoredOrder stored, bool ample) {
  const std::string id = stored.order.id;
  const auto outcome = std::make_shared<Outcome>();
  auto instance = order_instance(std::move(stored), ample, {outbox_, clock_, links_}, outcome);
  const auto ended = runner_.launch(std::move(record), std::move(instance), call);
  const seconds wait = wait_of(call);
  if (wait > seconds{0}) {
    auto waiting = ended->wait_until(Steady::now() + wait);
    co_await waiting;
  }
  if (*outcome) co_return std::move(**outcome);
  auto now = find(id);
  if (!now) co_return no_such_order();
  co_return std::move(now->order);
}

Reply<GetOrder> OrderService::handle(Call call, GetOrder query) {
  auto stored = find_visible(call, query.id);
  if (!stored) return refusal(stored);
  return std::move(stored->order);
}

Reply<ListOrders> OrderService::handle(Call call, ListOrders query) {
  auto before = key_of_cursor(query.cursor, is_canonical_uuid);
  if (!before) return refusal(before);
  OrderFilter filter{std::nullopt, query.status, std::move(*before)};
  if (!call.caller->admin) filter.user_id = call.caller->subject;
  OrderPage page;
  page.items = database_.read([&](sql::Session& session) { return list_orders(session, filter, query.limit + 1); });
  page.next_cursor = cut_page(page.items, query.limit, [](const Order& order) { return order.id; });
  return page;
}

Reply<GetTimeline> OrderService::handle(Call call, GetTimeline query) {
  auto stored = find_visible(call, query.id);
  if (!stored) return refusal(stored);
  Timeline timeline;
  database_.read([&](sql::Session& session) {
    for (auto& entry : saga::history(session, query.id))
      timeline.items.push_back(
          {std::move(entry.step), entry.attempt, std::move(entry.outcome), entry.at, std::move(entry.detail)});
    return Nothing{};
  });
  return timeline;
}

std::optional<saga::Record> OrderService::turn_saga(sql::Transaction& transaction, const std::string& id, Turn how,
                                                    const std::string& detail) {
  const auto entry = [&](std::string step) { return saga::Entry{std::move(step), 1, "done", clock_.now(), detail}; };
  switch (how) {
    case Turn::cancel: return runner_.turn_back(transaction, id, entry("cancel"));
    case Turn::retry: return runner_.retry(transaction, id, entry("retry"));
    case Turn::abandon: break;
  }
  return runner_.abandon(transaction, id, entry("abandon"));
}

// The order as it is when another request, perhaps of another process, has cancelled it, or the wait is over.
Reply<GetOrder> OrderService::await_cancelled(Call call, std::string id) {
  constexpr milliseconds look_interval{20};
  const auto limit = std::min(call.deadline, Steady::now() + wait_of(call));
  while (true) {
    auto stored = find(id);
    if (!stored) co_return no_such_order();
    const auto now = Steady::now();
    if (stored->order.status != OrderStatus::pending || now >= limit) co_return std::move(stored->order);
    auto pausing = sleep_until(std::min(limit, now + look_interval));
    co_await pausing;
  }
}

// Of an order that is stuck, which never comes to be confirmed. False where they could not be.
Task<bool> OrderService::give_units_back(Call call, std::string id) {
  const auto stored = find(id);
  if (!stored || stored->order.status != OrderStatus::needs_attention) co_return true;
  const Call own = call.on_own_account().within(milliseconds{config_.saga.step_timeout_ms});
  auto releasing = links_.inventory.handle(own, inventory::ReleaseReservation{std::move(id)});
  auto released = co_await releasing;
  co_return released.has_value();
}

// Turns the saga of an order, if it stands as it must, and sees it through. To cancel what is cancelled, or about to
// be, is no fault: whoever asks may be a gateway that asks again.
Reply<GetOrder> OrderService::turn(Call call, std::string id, Turn how) {
  StoredOrder stored;
  bool being_cancelled = false;
  std::string detail = "by " + call.caller->subject;
  if (how == Turn::abandon) {
    auto giving = give_units_back(call, id);
    const bool given = co_await giving;
    if (!given) detail += "; its units were not given back";
  }
  auto writing =
      database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<std::optional<saga::Record>> {
        auto found = find_order(transaction, id);
        if (!found) return no_such_order();
        auto record = turn_saga(transaction, id, how, detail);
        being_cancelled = !record && how == Turn::cancel && runner_.is_turned_back(transaction, id);
        if (being_cancelled) return record;
        const bool cancelled_before = how == Turn::cancel && found->order.status == OrderStatus::cancelled;
        if (!record && !cancelled_before) return wrong_status(found->order.status);
        if (!record) {
          stored = std::move(*found);
          return record;
        }
        found->order.status = how == Turn::abandon ? OrderStatus::cancelled : OrderStatus::pending;
        found->order.updated_at = clock_.now();
        update_order(transaction, found->order);
        if (how == Turn::abandon) outbox_.publish(transaction, OrderCancelled{found->order}, call);
        stored = std::move(*found);
        return record;
      });
  auto turned = co_await writing;
  if (!turned) co_return refusal(turned);
  if (being_cancelled) {
    auto waiting = await_cancelled(std::move(call), std::move(id));
    auto order = co_await waiting;
    co_return order;
  }
  if (how == Turn::abandon || !*turned) co_return std::move(stored.order);
  auto running = run_to_end(std::move(call), std::move(**turned), std::move(stored), false);
  auto order = co_await running;
  co_return order;
}

Reply<CancelOrder> OrderService::handle(Call call, CancelOrder command) {
  auto stored = find_visible(call, command.id);
  if (!stored) co_return refusal(stored);
  auto turning = turn(std::move(call), std::move(command.id), Turn::cancel);
  auto order = co_await turning;
  if (order && order->status == OrderStatus::needs_attention) co_return wrong_status(order->status);
  co_return order;
}

Reply<RetryOrder> OrderService::handle(Call call, RetryOrder command) {
  return turn(std::move(call), std::move(command.id), Turn::retry);
}

Reply<AbandonOrder> OrderService::handle(Call call, AbandonOrder command) {
  return turn(std::move(call), std::move(command.id), Turn::abandon);
}

}  // namespace svc::order
