#include "events/parked_store.h"

namespace svc::events {
namespace {

ParkedEvent read_parked(const sql::Row& row) {
  ParkedEvent parked;
  parked.number = row.integer(0);
  Envelope& event = parked.event;
  event.id = row.text(1);
  event.source = row.text(2);
  event.type = row.text(3);
  event.dataversion = row.integer(4);
  event.subject = row.text(5);
  event.time = row.time(6);
  event.traceparent = row.maybe_text(7);
  event.data.text = row.text(8);
  parked.state = row.named<ParkedState>(9);
  parked.attempts = static_cast<int>(row.integer(10));
  if (parked.state == ParkedState::retrying) parked.next_try_at = row.time(11);
  parked.reason = row.text(12);
  parked.detail = row.text(13);
  parked.parked_at = row.time(14);
  return parked;
}

}  // namespace

bool insert_into_inbox(sql::Transaction& transaction, const Envelope& event, Time now) {
  return transaction.execute("INSERT INTO inbox (event_id, source, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                             event.id, event.source, now) == 1;
}

int forget_inbox_before(sql::Transaction& transaction, Time time, int limit) {
  return transaction.execute(
      "DELETE FROM inbox WHERE (event_id, source) IN (SELECT event_id, source FROM inbox WHERE at < ? ORDER "
      "BY at LIMIT ?)",
      time, limit);
}

FeedCursor find_cursor(sql::Session& session, const std::string& source) {
  return session
      .first(
          "SELECT position, event FROM feed_cursors WHERE source = ?",
          [](const sql::Row& row) { return FeedCursor{row.integer(0), row.text(1)}; }, source)
      .value_or(FeedCursor{});
}

void move_cursor(sql::Transaction& transaction, const std::string& source, const FeedCursor& cursor) {
  transaction.execute(
      "INSERT INTO feed_cursors (source, position, event) VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE "
      "SET position = excluded.position, event = excluded.event",
      source, cursor.position, cursor.event);
}

bool is_held_up(sql::Session& session, const Envelope& event) {
  return session.any("SELECT 1 FROM parked_events WHERE source = ? AND subject = ? LIMIT 1", event.source,
                     event.subject);
}

void insert_parked(sql::Transaction& transaction, const ParkedEvent& parked) {
  const Envelope& event = parked.event;
  transaction.execute(
      "INSERT INTO parked_events (id, source, type, version, subject, time, traceparent, data, state, "
      "attempts, "
      "next_try_at, reason, detail, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      event.id, event.source, event.type, event.dataversion, event.subject, event.time, event.traceparent,
      event.data.text, parked.state, parked.attempts, parked.next_try_at.value_or(Time{}), parked.reason, parked.detail,
      parked.parked_at);
}

void update_parked(sql::Transaction& transaction, const ParkedEvent& parked) {
  transaction.execute(
      "UPDATE parked_events SET state = ?, attempts = ?, next_try_at = ?, reason = ?, detail = ? WHERE "
      "number = ?",
      parked.state, parked.attempts, parked.next_try_at.value_or(Time{}), parked.reason, parked.detail, parked.number);
}

std::optional<ParkedEvent> find_parked(sql::Session& session, std::int64_t number) {
  return session.first(
      "SELECT number, id, source, type, version, subject, time, traceparent, data, state, attempts, "
      "next_try_at, reason, "
      "detail, parked_at FROM parked_events WHERE number = ?",
      read_parked, number);
}

std::optional<ParkedEvent> find_parked(sql::Session& session, const std::string& event_id) {
  return session.first(
      "SELECT number, id, source, type, version, subject, time, traceparent, data, state, attempts, "
      "next_try_at, reason, "
      "detail, parked_at FROM parked_events WHERE id = ? ORDER BY number LIMIT 1",
      read_parked, event_id);
}

std::vector<ParkedEvent> list_parked(sql::Session& session, std::int64_t number, int limit) {
  std::vector<ParkedEvent> found;
  session.each(
      "SELECT number, id, source, type, version, subject, time, traceparent, data, state, attempts, "
      "next_try_at, reason, "
      "detail, parked_at FROM parked_events WHERE number > ? ORDER BY number LIMIT ?",
      [&](const sql::Row& row) { found.push_back(read_parked(row)); }, number, limit);
  return found;
}

std::vector<std::int64_t> find_due(sql::Session& session, Time now, int limit) {
  std::vector<std::int64_t> numbers;
  session.each(
      "SELECT number FROM parked_events WHERE state = 'retrying' AND next_try_at <= ? ORDER BY next_try_at "
      "LIMIT ?",
      [&](const sql::Row& row) { numbers.push_back(row.integer(0)); }, now, limit);
  return numbers;
}

std::int64_t count_parked(sql::Session& session, ParkedState state) {
  return *session.first(
      "SELECT COUNT(*) FROM parked_events WHERE state = ?", [](const sql::Row& row) { return row.integer(0); }, state);
}

void release_parked(sql::Transaction& transaction, const ParkedEvent& parked, Time now) {
  transaction.execute("DELETE FROM parked_events WHERE number = ?", parked.number);
  transaction.execute(
      "UPDATE parked_events SET state = 'retrying', next_try_at = ? WHERE state = 'behind' AND number = "
      "(SELECT MIN(number) FROM parked_events WHERE source = ? AND subject = ?)",
      now, parked.event.source, parked.event.subject);
}

bool is_first(sql::Session& session, const ParkedEvent& parked) {
  return !session.any("SELECT 1 FROM parked_events WHERE source = ? AND subject = ? AND number < ? LIMIT 1",
                      parked.event.source, parked.event.subject, parked.number);
}

}  // namespace svc::events
