#include "order_events.h"

#include "events/subscribe.h"
#include "order_store.h"

namespace svc::order {

void hear_of_users(events::Consumer& consumer, EventFeed& user_events) {
  const std::string module{user::Users::name};
  consumer.follow(module, user_events);
  const auto keep = [](sql::Transaction& transaction, const user::User& user, const Envelope&) -> Result<Nothing> {
    insert_customer(transaction, user.id);
    return Nothing{};
  };
  events::subscribe<user::UserCreated>(consumer, module, keep);
  events::subscribe<user::UserUpdated>(consumer, module, keep);
  events::subscribe<user::UserDeleted>(
      consumer, module,
      [](sql::Transaction& transaction, const user::UserDeleted& user, const Envelope&) -> Result<Nothing> {
        delete_customer(transaction, user.id);
        return Nothing{};
      });
}

}  // namespace svc::order
