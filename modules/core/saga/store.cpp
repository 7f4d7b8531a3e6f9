#include "saga/store.h"

#include <stdexcept>

#include "base/decode.h"
#include "base/encode.h"
#include "base/parts.h"

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

std::optional<std::string> part(const Record& record, std::string Failure::* member) {
  return record.failure ? std::optional((*record.failure).*member) : std::nullopt;
}

// An entry as it is kept. Left out is what most say, that a step was done at its first try: the history is the most of
// a saga's row, which each order writes twice.
struct KeptEntry {
  std::string step;
  std::optional<std::int64_t> ms;  // Entry::at
  std::optional<Time> at;          // the same in rows of older programs
  std::optional<int> attempt;
  std::optional<std::string> outcome, detail;
  static constexpr auto fields() {
    return rows(field(&KeptEntry::step, "step", ""), field(&KeptEntry::ms, "ms", ""), field(&KeptEntry::at, "at", ""),
                field(&KeptEntry::attempt, "attempt", ""), field(&KeptEntry::outcome, "outcome", ""),
                field(&KeptEntry::detail, "detail", ""));
  }
};

constexpr std::string_view usual_outcome = "done";

Entry read_entry(std::string_view line) {
  auto kept = decode_answer<KeptEntry>(line);
  if (!kept || (!kept->ms && !kept->at))
    throw std::runtime_error("the database holds a saga's history that this program cannot read");
  return {std::move(kept->step), kept->attempt.value_or(1), kept->outcome.value_or(std::string(usual_outcome)),
          kept->ms ? Time{*kept->ms} : *kept->at, kept->detail.value_or("")};
}

}  // namespace

std::string lines_of(std::span<const Entry> entries) {
  std::string lines;
  for (const auto& entry : entries) {
    KeptEntry kept{entry.step, entry.at.ms, {}, {}, {}, {}};
    if (entry.attempt != 1) kept.attempt = entry.attempt;
    if (entry.outcome != usual_outcome) kept.outcome = entry.outcome;
    if (!entry.detail.empty()) kept.detail = entry.detail;
    append_value(lines, kept);
    lines += '\n';
  }
  return lines;
}

void insert(sql::Transaction& transaction, const Record& record, const Entry& beginning) {
  transaction.execute(
      "INSERT INTO sagas (id, state, step, attempt, fence, owner, lease_until, failure_step, failure_reason, "
      "failure_detail, history) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      record.id, record.state, record.step, record.attempt, record.fence, record.owner, record.lease_until,
      part(record, &Failure::step), part(record, &Failure::reason), part(record, &Failure::detail),
      lines_of({&beginning, 1}));
}

bool update(sql::Transaction& transaction, const Record& record, std::int64_t held_fence, const std::string& happened) {
  return transaction.execute(
             "UPDATE sagas SET state = ?, step = ?, attempt = ?, fence = ?, owner = ?, lease_until = ?, "
             "failure_step = ?, failure_reason = ?, failure_detail = ?, history = history || ? "
             "WHERE id = ? AND fence = ?",
             record.state, record.step, record.attempt, record.fence, record.owner, record.lease_until,
             part(record, &Failure::step), part(record, &Failure::reason), part(record, &Failure::detail), happened,
             record.id, held_fence) == 1;
}

std::optional<Record> find(sql::Session& session, const std::string& id) {
  return session.first(
      "SELECT id, state, step, attempt, fence, owner, lease_until, failure_step, failure_reason, failure_detail "
      "FROM sagas WHERE id = ?",
      read_record, id);
}

std::vector<std::string> find_lapsed(sql::Session& session, Time now, Time latest, int limit) {
  std::vector<std::string> ids;
  session.each(
      "SELECT id FROM sagas WHERE state IN ('forward', 'compensating') AND (lease_until <= ? OR lease_until > ?) "
      "ORDER BY lease_until LIMIT ?",
      [&](const sql::Row& row) { ids.push_back(row.text(0)); }, now, latest, limit);
  return ids;
}

void release_leases(sql::Transaction& transaction, const std::string& owner) {
  transaction.execute("UPDATE sagas SET lease_until = 0 WHERE owner = ? AND state IN ('forward', 'compensating')",
                      owner);
}

std::vector<Entry> history(sql::Session& session, const std::string& id) {
  std::vector<Entry> entries;
  const auto lines =
      session.first("SELECT history FROM sagas WHERE id = ?", [](const sql::Row& row) { return row.text(0); }, id);
  if (!lines) return entries;
  for (Parts parts(*lines); !parts.empty();) entries.push_back(read_entry(parts.text('\n')));
  return entries;
}

}  // namespace svc::saga
