#include "notification_events.h"

#include "base/encode.h"
#include "events/subscribe.h"
#include "notification_store.h"

namespace svc::notification {
namespace {

// What is to be known of an order when it is heard of; the mail is written of all of it.
struct OrderHeard {
  std::string id, user_id;
  static constexpr auto fields() {
    return rows(field(&OrderHeard::id, "id", "The order"), field(&OrderHeard::user_id, "userId", "Whose it is"));
  }
};

}  // namespace

void hear_of_orders(events::Consumer& consumer, EventFeed& order_events, const Clock& clock, Bell& noted) {
  const std::string module{order::Orders::name};
  consumer.follow(module, order_events);
  const auto note = [&](Kind kind) {
    return [&clock, &noted, kind](sql::Transaction& transaction, const OrderHeard& order,
                                  const Envelope& event) -> Result<Nothing> {
      Notification notification;
      notification.id = event.id;
      notification.order_id = order.id;
      notification.user_id = order.user_id;
      notification.kind = kind;
      notification.created_at = clock.now();
      put(transaction, {std::move(notification), encode(event)});
      transaction.ring_when_kept(noted);
      return Nothing{};
    };
  };
  events::subscribe<order::OrderConfirmed, OrderHeard>(consumer, module, note(Kind::order_confirmed));
  events::subscribe<order::OrderCancelled, OrderHeard>(consumer, module, note(Kind::order_cancelled));
}

}  // namespace svc::notification
