// The tables of inbox.sql.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/feed.h"
#include "contract/parked.h"
#include "sql/session.h"

namespace svc::events {

/// False when the event is noted already.
bool insert_into_inbox(sql::Transaction& transaction, const Envelope& event, Time now);
/// Answers how many were forgotten.
int forget_inbox_before(sql::Transaction& transaction, Time time, int limit);

/// Position 0 of a feed that has not been read.
FeedCursor find_cursor(sql::Session& session, const std::string& source);
void move_cursor(sql::Transaction& transaction, const std::string& source, const FeedCursor& cursor);

/// Whether there is a parked event of this subject.
bool is_held_up(sql::Session& session, const Envelope& event);
/// Its number is given to it.
void insert_parked(sql::Transaction& transaction, const ParkedEvent& parked);
/// Writes what changes: state, attempts, next try, reason and detail.
void update_parked(sql::Transaction& transaction, const ParkedEvent& parked);
std::optional<ParkedEvent> find_parked(sql::Session& session, std::int64_t number);
std::optional<ParkedEvent> find_parked(sql::Session& session, const std::string& event_id);
/// Those after `number`, in order.
std::vector<ParkedEvent> list_parked(sql::Session& session, std::int64_t number, int limit);
/// Numbers of those that are to be tried now.
std::vector<std::int64_t> find_due(sql::Session& session, Time now, int limit);
std::int64_t count_parked(sql::Session& session, ParkedState state);
/// Takes one out; the next of its subject, if there is one, is to be tried at `now`.
void release_parked(sql::Transaction& transaction, const ParkedEvent& parked, Time now);
/// Whether it is the first of its subject.
bool is_first(sql::Session& session, const ParkedEvent& parked);

}  // namespace svc::events
