#include "events/outbox_store.h"

#include <algorithm>
#include <limits>

namespace svc::events {
namespace {

FeedEntry read_entry(const sql::Row& row) {
  FeedEntry entry{row.integer(0), {}};
  Envelope& event = entry.event;
  event.id = row.text(1);
  event.type = row.text(2);
  event.dataversion = row.integer(3);
  event.subject = row.text(4);
  event.time = row.time(5);
  event.traceparent = row.maybe_text(6);
  event.data.text = row.text(7);
  return entry;
}

std::optional<std::int64_t> number(const sql::Row& row) {
  return row.is_null(0) ? std::nullopt : std::optional(row.integer(0));
}

}  // namespace

void insert_event(sql::Transaction& transaction, const Envelope& event) {
  transaction.execute(
      "INSERT INTO outbox (id, type, version, subject, time, traceparent, data) VALUES (?, ?, ?, ?, ?, ?, ?)", event.id,
      event.type, event.dataversion, event.subject, event.time, event.traceparent, event.data.text);
}

void list_events(sql::Session& session, std::int64_t after, int limit, const std::function<void(FeedEntry)>& add) {
  session.each(
      "SELECT position, id, type, version, subject, time, traceparent, data FROM outbox WHERE position > ? "
      "ORDER BY position LIMIT ?",
      [&](const sql::Row& row) { add(read_entry(row)); }, after, limit);
}

std::int64_t last_position(sql::Session& session) {
  return session.first("SELECT MAX(position) FROM outbox", number).value_or(std::nullopt).value_or(0);
}

std::optional<std::string> event_at(sql::Session& session, std::int64_t position) {
  return session.first(
      "SELECT id FROM outbox WHERE position = ?", [](const sql::Row& row) { return row.text(0); }, position);
}

std::optional<std::int64_t> oldest_position(sql::Session& session) {
  return session.first("SELECT MIN(position) FROM outbox", number).value_or(std::nullopt);
}

ReaderLease find_reader(sql::Session& session, const std::string& name) {
  return session
      .first(
          "SELECT position, fence, owner, lease_until FROM outbox_readers WHERE name = ?",
          [](const sql::Row& row) { return ReaderLease{row.integer(0), row.integer(1), row.text(2), row.time(3)}; },
          name)
      .value_or(ReaderLease{});
}

void save_reader(sql::Transaction& transaction, const std::string& name, const ReaderLease& lease, Time now) {
  transaction.execute(
      "INSERT INTO outbox_readers (name, position, seen_at, owner, lease_until, fence) VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at, absent_hours = 0, "
      "owner = excluded.owner, lease_until = excluded.lease_until, fence = excluded.fence",
      name, lease.position, now, lease.owner, lease.lease_until, lease.fence);
}

void list_readers(sql::Session& session, const std::function<void(const std::string&, std::int64_t)>& add) {
  session.each("SELECT name, position FROM outbox_readers ORDER BY name",
               [&](const sql::Row& row) { add(row.text(0), row.integer(1)); });
}

void note_reader(sql::Transaction& transaction, const std::string& name, std::int64_t position, Time now) {
  transaction.execute(
      "INSERT INTO outbox_readers (name, position, seen_at) VALUES (?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at, absent_hours = 0",
      name, position, now);
}

void count_absence(sql::Transaction& transaction, Time now) {
  transaction.execute(
      "UPDATE outbox_readers SET absent_hours = absent_hours + 1, seen_at = ?1 WHERE seen_at <= ?2 OR seen_at > ?1",
      now, now - std::chrono::hours{1});
}

std::vector<std::string> forget_readers(sql::Transaction& transaction, std::int64_t absent_hours) {
  std::vector<std::string> gone;
  transaction.each(
      "SELECT name FROM outbox_readers WHERE absent_hours >= ?",
      [&](const sql::Row& row) { gone.push_back(row.text(0)); }, absent_hours);
  if (!gone.empty()) transaction.execute("DELETE FROM outbox_readers WHERE absent_hours >= ?", absent_hours);
  return gone;
}

int delete_read_events(sql::Transaction& transaction, Time old, std::int64_t keep, int limit) {
  // Without any reader, all count as read.
  const auto read = transaction.first("SELECT MIN(position) FROM outbox_readers", number)
                        .value_or(std::nullopt)
                        .value_or(std::numeric_limits<std::int64_t>::max());
  const auto last = last_position(transaction);
  return transaction.execute(
      "DELETE FROM outbox WHERE position IN (SELECT position FROM outbox WHERE position <= ? ORDER BY "
      "position LIMIT ?) "
      "AND (time < ? OR position <= ?)",
      std::min(read, last - 1), limit, old, last - keep);
}

}  // namespace svc::events
