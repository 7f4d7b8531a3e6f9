// The notification module's tables. With core/events', the only SQL of the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/event.h"
#include "notification/notification.h"
#include "sql/migrations.h"
#include "sql/session.h"

namespace svc::notification {

sql::Migrations migrations();

/// A notification with the event it is about.
struct StoredNotification {
  Notification notification;
  std::string event;  ///< the envelope, as JSON
};

/// Notes that one is to be sent, at once. One that has failed is to be sent again; any other stays as it is.
void put(sql::Transaction& transaction, const StoredNotification& stored);
/// Those before `id`, newest first; all, when it is empty.
std::vector<Notification> list_before(sql::Session& session, const std::string& id, int limit);

/// Takes those that are to be sent now, the longest waiting first, and puts them off until `until`, with one attempt
/// more: until then nobody else takes them.
std::vector<StoredNotification> claim(sql::Transaction& transaction, Time now, Time until, int limit);
/// Whether `count` of them, at least one, are to be sent now. Takes time in proportion to it.
bool are_due(sql::Session& session, Time now, std::int64_t count);
/// Writes what became of a try: status, failure, and when it was sent or is to be tried again. False, and nothing is
/// written, when another try of it has begun since, unless it is sent, which holds for good.
bool note_try(sql::Transaction& transaction, const Notification& notification, Time next_try_at);

}  // namespace svc::notification
