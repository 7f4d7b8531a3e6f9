// What the order module hears of others.
#pragma once

#include "events/consumer.h"
#include "order/module.h"

namespace svc::order {

/// Keeps the copy of users. What it refers to must outlive the consumer.
void hear_of_users(events::Consumer& consumer, EventFeed& user_events);

}  // namespace svc::order
