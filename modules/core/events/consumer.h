// Consumer: a module as it hears of what happens in others. What it does about an event happens in one
// transaction with the note, in its inbox, that it has: so the effect happens once, whatever carries the
// event and however often it comes.
//
//   Consumer consumer(database, "notification", environment);
//   consumer.follow("order", links.order_events);
//   subscribe<order::OrderConfirmed>(  // subscribe.h
//       consumer, "order", [&](sql::Transaction&, const order::OrderConfirmed&, const Envelope&) { … });
//
// An event that fails is parked, that is, moved into a table, and with it the later ones of its subject;
// others go on. It is tried again with pauses that grow, and then left for a person. One that cannot be read,
// or that is of a type or version not known here, is left for a person at once.
//
// Several processes may run a consumer on one database: whoever is first has the effect, the other finds it
// done.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/call.h"
#include "contract/feed.h"
#include "contract/parked.h"
#include "module/module.h"
#include "module/periodic.h"
#include "sql/database.h"

namespace svc::events {

class Carrier;
class Carrying;

struct ConsumerOptions {
  std::int64_t attempts = 8;
  std::int64_t backoff_ms = 200;
  std::int64_t backoff_limit_ms = 30'000;
  std::int64_t inbox_hours = 720;
  static constexpr auto fields() {
    return rows(field(&ConsumerOptions::attempts, "attempts",
                      "Tries of an event before it is left for a person to see to", Range{1, 1'000}, Default{8}),
                field(&ConsumerOptions::backoff_ms, "backoff_ms",
                      "Longest pause before the second try; doubled for each further one, and cut short by chance",
                      Range{1, 60'000}, Default{200}),
                field(&ConsumerOptions::backoff_limit_ms, "backoff_limit_ms", "Longest pause before a try",
                      Range{1, 3'600'000}, Default{30'000}),
                field(&ConsumerOptions::inbox_hours, "inbox_hours",
                      "How long it is remembered which events have had their effect; longer than any may come again",
                      Range{1, 87'600}, Default{720}));
  }
};

/// What a module does about an event. An error undoes it, and parks the event; Code::malformed is not tried
/// again.
using Handler = std::function<Result<Nothing>(sql::Transaction&, const Envelope&)>;

class Consumer final : public ParkedEvents {
 public:
  /// Events of one module that it wants.
  struct Source {
    std::string module;
    EventFeed* feed;
    std::vector<std::string> types{};
  };

  /// `database` holds the tables of inbox.sql. `name` is a literal. What it refers to must outlive it.
  Consumer(sql::Database& database, std::string_view name, const Environment& environment);
  ~Consumer() override;

  // Before it is started.
  /// Events of `module` are to be had by `feed`, where no broker brings them.
  void follow(std::string module, EventFeed& feed);
  /// For a module that is followed.
  void set_handler(const std::string& module, const EventInfo& event, Handler handler);

  /// While `full` says so, no events are taken: they wait where they come from, which keeps them as safely. Asked on
  /// the consumer's loop, before some hundreds are taken together, and again after each room_interval.
  void hold_while(std::function<bool()> full) { full_ = std::move(full); }

  std::string_view name() const { return name_; }
  const std::vector<Source>& sources() const { return sources_; }

  /// Has its events brought, retries what is due, and forgets what is old, from now on.
  void start(Loop& loop);
  /// Ends what might keep stop() waiting.
  void stopping();
  /// Not from a loop's thread.
  void stop();

  /// Lets events, given in their order, have their effects. A value: each has had its effect, now or before,
  /// or is parked, and that is on disk. An error: nobody knows of how many; they are to be given again.
  Task<Result<Nothing>> take(std::vector<Envelope> events);
  /// The same for a page of a feed, of which it is noted as well how far it goes.
  Task<Result<Nothing>> take(std::string module, FeedPage page);
  /// Up to where a module's feed has been read.
  FeedCursor cursor(const std::string& module);

  /// Parks an event of before, in the transaction that finds that its effect cannot be had after all.
  void park(sql::Transaction& transaction, const Envelope& event, const Error& why);

  // One round each of what start() has done again and again.
  /// Tries what is due, and what that lets go; some hundreds at most.
  Task<Result<Nothing>> retry_due();
  Task<Result<Nothing>> forget_old();

  // What operators ask (contract/parked.h).
  Reply<ListParked> handle(Call call, ListParked query) override;
  Reply<GetParked> handle(Call call, GetParked query) override;
  Reply<RetryParked> handle(Call call, RetryParked command) override;
  Reply<DropParked> handle(Call call, DropParked command) override;

  /// Adds how many of its events are parked, and how it stands with each feed.
  void measure(Measures& measures) const;

  // For whoever carries its events.
  static constexpr milliseconds room_interval{500};
  bool full() const;
  /// How it stands with a feed. Thread-safe.
  void note(FeedStanding standing);

 private:
  struct Known {
    EventInfo event;
    Handler handler;
  };
  /// Events taken together, and what is to be written beside their effects.
  struct Batch {
    std::vector<Envelope> events;
    std::string module;  ///< whose cursor to move; empty: none
    FeedCursor cursor;
  };

  Task<Result<Nothing>> take_batch(Batch batch);
  Result<Nothing> effect(sql::Transaction& transaction, const Envelope& event, const Error* failed,
                         std::vector<ParkedEvent>& parked);
  Result<Nothing> handle(sql::Transaction& transaction, const Envelope& event, const Known& how) const;
  Result<const Known*> known(const Envelope& event) const;
  Task<Result<ParkedEvent>> try_again(std::int64_t number, bool by_hand);
  ParkedEvent after_failure(ParkedEvent parked, const Error& why) const;

  sql::Database& database_;
  const std::string_view name_;
  const Clock& clock_;
  const ConsumerOptions options_;
  std::vector<Source> sources_;
  std::function<bool()> full_;
  std::map<std::pair<std::string, std::string>, Known> handlers_;  // by source and type
  mutable std::mutex mutex_;
  std::map<std::string, FeedStanding> standings_;
  Periodic retrier_, forgetter_;
  Carrier& carrier_;
  std::unique_ptr<Carrying> delivering_;  // once it is known what is wanted
};

}  // namespace svc::events
