// The tables of outbox.sql.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "contract/feed.h"
#include "sql/session.h"

namespace svc::events {

/// All but its source, which is that of the whole outbox.
void insert_event(sql::Transaction& transaction, const Envelope& event);
/// Those behind a position, in order.
void list_events(sql::Session& session, std::int64_t after, int limit, const std::function<void(FeedEntry)>& add);
/// The last position there has ever been; 0 when there was none.
std::int64_t last_position(sql::Session& session);
/// The id of the event at a position, if it is kept.
std::optional<std::string> event_at(sql::Session& session, std::int64_t position);
/// The first that is kept.
std::optional<std::int64_t> oldest_position(sql::Session& session);

/// How a reader stands, which one process may be at a time.
struct ReaderLease {
  std::int64_t position = 0, fence = 0;
  std::string owner;
  Time lease_until{};
};
ReaderLease find_reader(sql::Session& session, const std::string& name);
void save_reader(sql::Transaction& transaction, const std::string& name, const ReaderLease& lease, Time now);

/// Calls `add(name, position)` for each reader, as it was last noted.
void list_readers(sql::Session& session, const std::function<void(const std::string&, std::int64_t)>& add);
void note_reader(sql::Transaction& transaction, const std::string& name, std::int64_t position, Time now);
/// Counts an hour for the readers that have not come in the last, or since it was last counted. To be called more often
/// than that.
void count_absence(sql::Transaction& transaction, Time now);
/// Forgets the readers that have been absent so long. Answers their names.
std::vector<std::string> forget_readers(sql::Transaction& transaction, std::int64_t absent_hours);
/// Deletes, of the events that all known readers have read, those from before `old` and those beyond the last
/// `keep`; at most `limit` of them. Answers how many.
int delete_read_events(sql::Transaction& transaction, Time old, std::int64_t keep, int limit);

}  // namespace svc::events
