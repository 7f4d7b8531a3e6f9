// Runner: drives the sagas of one module in this process, and takes up those that another process, or an
// earlier run of this one, left behind.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "async/event.h"
#include "async/loop.h"
#include "base/check.h"
#include "base/fields.h"
#include "saga/saga.h"
#include "saga/store.h"
#include "sql/database.h"

namespace svc::saga {

struct Options {
  std::int64_t step_timeout_ms = 1'000;
  std::int64_t lease_ms = 10'000;
  std::int64_t poll_ms = 500;
  std::int64_t forward_attempts = 8;
  std::int64_t undo_attempts = 20;
  std::int64_t backoff_ms = 100;
  std::int64_t forward_backoff_limit_ms = 5'000;
  std::int64_t undo_backoff_limit_ms = 30'000;
  static constexpr auto fields() {
    return rows(field(&Options::step_timeout_ms, "step_timeout_ms", "Time one try of a step may take",
                      Range{10, 60'000}, Default{1'000}),
                field(&Options::lease_ms, "lease_ms",
                      "Time after which another process may take up a saga whose holder is silent; more than twice "
                      "step_timeout_ms",
                      Range{100, 600'000}, Default{10'000}),
                field(&Options::poll_ms, "poll_ms", "How often sagas that were left behind are looked for",
                      Range{10, 60'000}, Default{500}),
                field(&Options::forward_attempts, "forward_attempts", "Tries of a step before everything is undone",
                      Range{1, 1'000}, Default{8}),
                field(&Options::undo_attempts, "undo_attempts",
                      "Tries of an undoing step before the saga is left for a person to see to", Range{1, 100'000},
                      Default{20}),
                field(&Options::backoff_ms, "backoff_ms",
                      "Longest pause before the second try; doubled for each further one, and cut short by chance",
                      Range{1, 60'000}, Default{100}),
                field(&Options::forward_backoff_limit_ms, "forward_backoff_limit_ms",
                      "Longest pause before a step is retried", Range{1, 600'000}, Default{5'000}),
                field(&Options::undo_backoff_limit_ms, "undo_backoff_limit_ms",
                      "Longest pause before an undoing step is retried", Range{1, 3'600'000}, Default{30'000}));
  }
  void check_whole(Violations& found) const {
    if (lease_ms <= 2 * step_timeout_ms) report(found, {"/lease_ms", "minimum", "more than twice step_timeout_ms"});
  }
};

class Runner {
 public:
  /// What it refers to must outlive it. `owner` names this process among those that share the database.
  Runner(sql::Database& database, const Clock& clock, std::string owner, Definition definition, Options options);

  /// Looks for lapsed sagas on `loop` from now on, until stop().
  void start(Loop& loop);
  /// Lets steps that are being tried end, tries no more, and gives up all leases. Not from a loop's thread.
  void stop();

  // Within a transaction of the module: a saga's beginning, and its turning points. What they answer is handed
  // to launch() when the transaction is on disk.

  /// Writes a new saga, held by this process. `detail`: what its history says of its beginning.
  Record create(sql::Transaction& transaction, const std::string& id, std::string detail = {});
  /// Turns a completed saga back, so that it is undone. Nothing when it is not completed.
  std::optional<Record> turn_back(sql::Transaction& transaction, const std::string& id, Entry entry);
  /// Whether it is being undone because it was turned back, and not because a step failed.
  bool is_turned_back(sql::Session& session, const std::string& id) const;
  /// Lets a stuck saga try again. Nothing when it is not stuck.
  std::optional<Record> retry(sql::Transaction& transaction, const std::string& id, Entry entry);
  /// Ends a stuck saga as it stands. Nothing when it is not stuck.
  std::optional<Record> abandon(sql::Transaction& transaction, const std::string& id, Entry entry);

  /// Drives a saga that is in this process's hands, as part of the trace of `cause`. The event happens when it has
  /// ended or has left our hands. On a loop's thread, where the event lives too.
  std::shared_ptr<Event> launch(Record record, std::unique_ptr<Instance> instance, const Call& cause);

 private:
  Task<> drive(Record record, std::unique_ptr<Instance> instance, Call call, std::shared_ptr<Event> ended);
  Task<> advance(Record& record, Instance& instance, const Call& call);
  Task<bool> save(Record& record, std::vector<Entry>& entries, Instance* settling, const Call& call);
  Task<> watch();
  Task<> take_up(std::string id);
  std::optional<Record> change(sql::Transaction& transaction, const std::string& id, State from, State to, Entry entry);
  void turn_at(Record& record, int last, std::string reason, std::string detail) const;
  milliseconds pause_before_try(int attempt, bool forward) const;
  Time latest_lease(Time now) const;
  std::shared_ptr<Event> stop_event();

  sql::Database& database_;
  const Clock& clock_;
  const std::string owner_;
  const Definition definition_;
  const Options options_;

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
  int active_ = 0;                                           // guarded by mutex_
  std::unordered_map<Loop*, std::shared_ptr<Event>> stops_;  // guarded by mutex_; each event is its loop's
};

}  // namespace svc::saga
