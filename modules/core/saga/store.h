// The tables of sagas, kept in the database of the module that runs them. Their migration is
// core/saga/schema.sql; the module lists it among its own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "saga/saga.h"
#include "sql/session.h"

namespace svc::saga {

/// A saga as it stands on disk.
struct Record {
  std::string id;
  State state = State::forward;
  int step = 0;     ///< being tried; -1 when all are undone
  int attempt = 1;  ///< of that step
  std::int64_t fence = 0;
  std::string owner;  ///< the process that holds the lease
  Time lease_until{};
  std::optional<Failure> failure;
  /// Not on disk: the last step that may have been tried, by whoever.
  int reached = 0;
};

/// Entries as a history keeps them.
std::string lines_of(std::span<const Entry> entries);

void insert(sql::Transaction& transaction, const Record& record, const Entry& beginning);
/// Writes the record and adds the lines of `happened` to its history, if `held_fence` is still the one on disk. False:
/// another process has taken the saga.
bool update(sql::Transaction& transaction, const Record& record, std::int64_t held_fence, const std::string& happened);
std::optional<Record> find(sql::Session& session, const std::string& id);
/// Sagas at work whose lease has run out, or ends behind `latest`, the longest first.
std::vector<std::string> find_lapsed(sql::Session& session, Time now, Time latest, int limit);
/// Ends the leases of a process, so that others need not wait for them to run out.
void release_leases(sql::Transaction& transaction, const std::string& owner);

/// The history of a saga, oldest first.
std::vector<Entry> history(sql::Session& session, const std::string& id);

}  // namespace svc::saga
