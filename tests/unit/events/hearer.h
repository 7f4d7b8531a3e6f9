// A module that hears of things, and notes of each event that it has heard of it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/bell.h"
#include "events/consumer.h"
#include "events/subscribe.h"
#include "sql/database.h"
#include "support/eventually.h"
#include "support/things.h"
#include "support/world.h"

namespace svc::test {

/// An event of "maker", as it travels.
template <EventType E>
Envelope envelope(World& world, const E& event) {
  Envelope made;
  made.id = world.ids.next();
  made.source = source_of("maker");
  made.type = E::event.type;
  made.subject = event.subject();
  made.time = world.clock.now();
  made.dataversion = E::event.version;
  made.data.text = encode(event);
  return made;
}

/// A feed as a test has it answer.
class FakeFeed final : public EventFeed {
 public:
  using Answer = std::function<Reply<ReadFeed>(Call, ReadFeed)>;
  explicit FakeFeed(Answer answer) : answer_(std::move(answer)) {}
  Reply<ReadFeed> handle(Call call, ReadFeed query) override { return answer_(std::move(call), std::move(query)); }

 private:
  const Answer answer_;
};

class Hearer {
 public:
  /// What it answers about an event whose effect it has written.
  using Judge = std::function<Result<Nothing>(const Moved&)>;
  using Lines = std::vector<std::string>;

  /// `feed`: that of "maker"; empty: nothing ever comes of it.
  explicit Hearer(World& w, FakeFeed::Answer feed = {}, const std::string& file = "hearer.db")
      : world(w),
        database(w.dir / file, test_things::migrations()),
        consumer(database, "hearer", w.environment),
        feed_(feed ? std::move(feed) : [this](Call, ReadFeed) { return silence(); }) {
    consumer.follow("maker", feed_);
    events::subscribe<Moved>(
        consumer, "maker", [this](sql::Transaction& transaction, const Moved& moved, const Envelope&) {
          transaction.execute("INSERT INTO effects (subject, number) VALUES (?, ?)", moved.thing, moved.number);
          return judge(moved);
        });
  }
  ~Hearer() {
    consumer.stop();
    silence_.ring();
  }

  /// How it judges from now on; at first all is well.
  void set_judge(Judge judge) {
    const std::lock_guard lock(mutex_);
    judge_ = std::move(judge);
  }
  Result<Nothing> take(std::vector<Envelope> events) {
    return world.run([&] { return consumer.take(events); });
  }
  void retry_due() {
    if (!world.run([&] { return consumer.retry_due(); })) throw std::runtime_error("retry_due");
  }
  /// What it has noted, in order: "thing number".
  Lines effects() {
    Lines lines;
    database.read([&](sql::Session& session) {
      session.each("SELECT subject, number FROM effects ORDER BY rowid",
                   [&](const sql::Row& row) { lines.push_back(row.text(0) + " " + std::to_string(row.integer(1))); });
      return Nothing{};
    });
    return lines;
  }
  Lines effects_of(const std::string& thing) {
    Lines all = effects();
    std::erase_if(all, [&](const auto& line) { return !line.starts_with(thing + " "); });
    return all;
  }
  ParkedPage parked(int limit = 200) {
    return world.ask(consumer, world.anyone(), ListParked{limit, std::nullopt}).value();
  }
  /// The parked events, in order: "thing state attempts".
  Lines parked_lines() {
    Lines lines;
    for (const auto& event : parked().items)
      lines.push_back(event.event.subject + " " + std::string(to_name(event.state)) + " " +
                      std::to_string(event.attempts));
    return lines;
  }

  World& world;
  sql::Database database;
  events::Consumer consumer;

 private:
  Result<Nothing> judge(const Moved& moved) {
    const std::lock_guard lock(mutex_);
    return judge_(moved);
  }
  Reply<ReadFeed> silence() {
    auto waiting = silence_.wait_until(silence_.rings(), Steady::time_point::max());
    co_await waiting;
    co_return fail(Code::unavailable, "stopping", "It is over");
  }

  std::mutex mutex_;
  Judge judge_ = [](const Moved&) { return Result<Nothing>(Nothing{}); };
  Bell silence_;
  FakeFeed feed_;
};

}  // namespace svc::test
