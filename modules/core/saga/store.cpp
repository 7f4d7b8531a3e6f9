#include "saga/store.h"

namespace svc::saga {
namespace {

// The columns of Record, in the order of read_record and of the statements below.
Record read_record(const sql::Row& row) {
  Record record;
  record.id = row.text(0);
  record.state = row.named<State>(1);
  record.step = static_cast<int>(row.integer(2));
  record.attempt = static_cast<int>(row.integer(3));
  record.fence = row.integer(4);
  record.owner = row.text(5);
  record.lease_until = row.time(6);
  if (!row.is_null(7)) record.failure = Failure{row.text(7), row.text(8), row.text(9)};
  return record;
}

std::optional<std::string> part(const Record& record, std::string Failure::*member) {
  return record.failure ? std::optional((*record.failure).*member) : std::nullopt;
}

}  // namespace

void insert(sql::Transaction& transaction, const Record& record) {
  transaction.execute(
      "INSERT INTO sagas (id, state, step, attempt, fence, owner, lease_until, failure_step, failure_reason, "
      "failure_detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      record.id, record.state, record.step, record.attempt, record.fence, record.owner, record.lease_until,
      part(record, &Failure::step), part(record, &Failure::reason), part(record, &Failure::detail));
}

bool update(sql::Transaction& transaction, const Record& record, std::int64_t held_fence) {
  return transaction.execute(
             "UPDATE sagas SET state = ?, step = ?, attempt = ?, fence = ?, owner = ?, lease_until = ?, "
             "failure_step = ?, failure_reason = ?, failure_detail = ? WHERE id = ? AND fence = ?",
             record.state, record.step, record.attempt, record.fence, record.owner, record.lease_until,
             part(record, &Failure::step), part(record, &Failure::reason), part(record, &Failure::detail), record.id,
             held_fence) == 1;
}

std::optional<Record> find(sql::Session& session, const std::string& id) {
  return session.first(
      "SELECT id, state, step, attempt, fence, owner, lease_until, failure_step, failure_reason, failure_detail "
      "FROM sagas WHERE id = ?",
      read_record, id);
}

std::vector<std::string> find_lapsed(sql::Session& session, Time now, int limit) {
  std::vector<std::string> ids;
  session.each(
      "SELECT id FROM sagas WHERE state IN ('forward', 'compensating') AND lease_until <= ? "
      "ORDER BY lease_until LIMIT ?",
      [&](const sql::Row& row) { ids.push_back(row.text(0)); }, now, limit);
  return ids;
}

void release_leases(sql::Transaction& transaction, const std::string& owner) {
  transaction.execute(
      "UPDATE sagas SET lease_until = 0 WHERE owner = ? AND state IN ('forward', 'compensating')", owner);
}

void append(sql::Transaction& transaction, const std::string& id, const Entry& entry) {
  transaction.execute(
      "INSERT INTO saga_entries (saga_id, number, step, attempt, outcome, at, detail) "
      "SELECT ?, COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ? FROM saga_entries WHERE saga_id = ?",
      id, entry.step, entry.attempt, entry.outcome, entry.at, entry.detail, id);
}

std::vector<Entry> history(sql::Session& session, const std::string& id) {
  std::vector<Entry> entries;
  session.each(
      "SELECT step, attempt, outcome, at, detail FROM saga_entries WHERE saga_id = ? ORDER BY number",
      [&](const sql::Row& row) {
        entries.push_back({row.text(0), static_cast<int>(row.integer(1)), row.text(2), row.time(3), row.text(4)});
      },
      id);
  return entries;
}

}  // namespace svc::saga
