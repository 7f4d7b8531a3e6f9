// What the notification module hears of others.
#pragma once

#include "async/bell.h"
#include "events/consumer.h"
#include "notification/module.h"

namespace svc::notification {

/// Notes for each order that is confirmed or cancelled that its customer is to hear of it, and rings `noted`. What it
/// refers to must outlive the consumer.
void hear_of_orders(events::Consumer& consumer, EventFeed& order_events, const Clock& clock, Bell& noted);

}  // namespace svc::notification
