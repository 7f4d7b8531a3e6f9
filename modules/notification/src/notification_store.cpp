#include "notification_store.h"

namespace svc::notification {
namespace {

Notification read_notification(const sql::Row& row) {
  Notification notification;
  notification.id = row.text(0);
  notification.kind = row.named<Kind>(1);
  notification.order_id = row.text(2);
  notification.user_id = row.text(3);
  notification.status = row.named<NotificationStatus>(4);
  notification.attempts = static_cast<int>(row.integer(5));
  notification.failure = row.maybe_text(6);
  notification.created_at = row.time(7);
  if (!row.is_null(8)) notification.sent_at = row.time(8);
  return notification;
}

}  // namespace

void put(sql::Transaction& transaction, const StoredNotification& stored) {
  const Notification& notification = stored.notification;
  transaction.execute(
      "INSERT INTO notifications (id, kind, order_id, user_id, event, status, next_try_at, created_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?6) "
      "ON CONFLICT (id) DO UPDATE SET status = 'waiting', attempts = 0, next_try_at = ?6 WHERE status = 'failed'",
      notification.id, notification.kind, notification.order_id, notification.user_id, stored.event,
      notification.created_at);
}

std::vector<Notification> list_before(sql::Session& session, const std::string& id, int limit) {
  std::vector<Notification> found;
  const auto add = [&](const sql::Row& row) { found.push_back(read_notification(row)); };
  if (id.empty())
    session.each(
        "SELECT id, kind, order_id, user_id, status, attempts, failure, created_at, sent_at FROM notifications "
        "ORDER BY id DESC LIMIT ?",
        add, limit);
  else
    session.each(
        "SELECT id, kind, order_id, user_id, status, attempts, failure, created_at, sent_at FROM notifications "
        "WHERE id < ? ORDER BY id DESC LIMIT ?",
        add, id, limit);
  return found;
}

std::vector<StoredNotification> claim(sql::Transaction& transaction, Time now, Time until, int limit) {
  std::vector<StoredNotification> claimed;
  transaction.each(
      // One mail of an order after the other, also where the first is parked (core/events/inbox.sql) until somebody
      // sees to it.
      "SELECT id, kind, order_id, user_id, status, attempts + 1, failure, created_at, sent_at, event "
      "FROM notifications AS mail WHERE status = 'waiting' AND next_try_at <= ? AND NOT EXISTS ("
      "SELECT 1 FROM notifications AS earlier WHERE earlier.order_id = mail.order_id AND earlier.id < mail.id "
      "AND earlier.status IN ('waiting', 'failed') AND (earlier.status = 'waiting' OR EXISTS ("
      "SELECT 1 FROM parked_events WHERE parked_events.id = earlier.id))) ORDER BY next_try_at LIMIT ?",
      [&](const sql::Row& row) { claimed.push_back({read_notification(row), row.text(9)}); }, now, limit);
  for (const auto& [notification, event] : claimed)
    transaction.execute("UPDATE notifications SET attempts = ?, next_try_at = ? WHERE id = ?", notification.attempts,
                        until, notification.id);
  return claimed;
}

bool are_due(sql::Session& session, Time now, std::int64_t count) {
  return session.any("SELECT 1 FROM notifications WHERE status = 'waiting' AND next_try_at <= ? LIMIT 1 OFFSET ?", now,
                     count - 1);
}

bool note_try(sql::Transaction& transaction, const Notification& notification, Time next_try_at) {
  return transaction.execute(
             "UPDATE notifications SET status = ?1, failure = ?2, sent_at = ?3, next_try_at = ?4 "
             "WHERE id = ?5 AND status = 'waiting' AND (attempts = ?6 OR ?1 = 'sent')",
             notification.status, notification.failure, notification.sent_at, next_try_at, notification.id,
             notification.attempts) > 0;
}

}  // namespace svc::notification
