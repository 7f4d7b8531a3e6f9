// Outbox: the events of a module, in its own database. An event is written by the transaction of what it
// tells of: it is there if and only if that has happened. From here it goes to its readers, by the feed or by
// a broker's relay.
//
// Kept are: what some known reader has not read, and beyond that what is young (Options). A reader that
// has not come for long while its publisher was there is known no more; that is said in the log.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/bell.h"
#include "base/encode.h"
#include "base/ids.h"
#include "contract/call.h"
#include "contract/feed.h"
#include "module/module.h"
#include "module/periodic.h"
#include "sql/database.h"

namespace svc::events {

class Carrying;

struct OutboxOptions {
  std::int64_t keep_hours = 24;
  std::int64_t keep_events = 1'000'000;
  std::int64_t forget_hours = 168;
  static constexpr auto fields() {
    return rows(
        field(&OutboxOptions::keep_hours, "keep_hours",
              "How long an event that every known reader has read is kept for new ones", Range{0, 87'600}, Default{24}),
        field(&OutboxOptions::keep_events, "keep_events", "How many of those are kept at most", Range{0, 1'000'000'000},
              Default{1'000'000}),
        field(&OutboxOptions::forget_hours, "forget_hours",
              "A reader that has not come for so long, by hours in which the publisher ran, is no longer waited for: "
              "events may be deleted unread by it",
              Range{1, 87'600}, Default{168}));
  }
};

class Outbox final : public EventFeed {
 public:
  /// Events of `module`, in its `database`, which holds the tables of outbox.sql. What it refers to must
  /// outlive it.
  Outbox(sql::Database& database, std::string module, const Environment& environment);
  ~Outbox() override;

  /// Writes an event, which `cause` has come to. It is heard of once the transaction is on disk.
  template <EventType E>
  void publish(sql::Transaction& transaction, const E& event, const Call& cause) {
    publish(transaction, prepare(event, cause));
  }
  /// The same in two parts, the first outside of the transaction: where many write, each waits for what others do
  /// within theirs.
  template <EventType E>
  Envelope prepare(const E& event, const Call& cause) {
    return envelope(E::event, event.subject(), encode(event), cause);
  }
  void publish(sql::Transaction& transaction, const Envelope& prepared);

  /// Answers the feed. Where it is to wait, it wakes when this process commits an event, and looks for those
  /// of other processes on the same database every `look_interval`.
  static constexpr milliseconds look_interval{200};
  Reply<ReadFeed> handle(Call call, ReadFeed query) override;

  /// For the relay to a broker: the events behind a position, `most` of them; none when there are none for `patience`.
  Task<std::vector<FeedEntry>> await_events(std::int64_t after, int most, milliseconds patience);

  /// Events are sent on as the carrier does it, and deleted when they are kept no longer, from now on.
  void start(Loop& loop);
  /// Ends the waiting of who reads.
  void stopping();
  /// Not from a loop's thread.
  void stop();

  /// One round of what start() has done again and again.
  Task<Result<Nothing>> trim();

  /// Adds how many events there have been, and how many of them each reader, a broker's relay among them, has
  /// not had.
  void measure(Measures& measures) const;

  const std::string& module() const { return module_; }
  sql::Database& database() { return database_; }

 private:
  Envelope envelope(const EventInfo& info, std::string_view subject, std::string data, const Call& cause);
  Task<Result<Nothing>> note(std::string reader, std::int64_t position);

  sql::Database& database_;
  const std::string module_;
  const Clock& clock_;
  Ids& ids_;
  const OutboxOptions options_;
  Bell committed_;
  std::atomic<bool> ending_{false};
  struct Noted {
    std::int64_t position = -1;
    Steady::time_point at{};
  };
  std::mutex mutex_;
  std::map<std::string, Noted> noted_;  // what was last written of each reader
  Periodic trimmer_;
  const std::unique_ptr<Carrying> sending_;
};

}  // namespace svc::events
