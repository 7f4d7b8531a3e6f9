// A module that has events of things, and their outbox.
#pragma once

#include <string>
#include <vector>

#include "events/outbox.h"
#include "events/outbox_store.h"
#include "sql/database.h"
#include "support/eventually.h"
#include "support/things.h"
#include "support/world.h"

namespace svc::test {

inline std::string text_of(const Moved& moved) { return moved.thing + " " + std::to_string(moved.number); }

struct Maker {
  explicit Maker(World& w, const std::string& file = "maker.db")
      : world(w), database(w.dir / file, test_things::migrations()) {}
  ~Maker() {
    outbox.stopping();
    world.settle();
  }

  /// Writes events in one transaction, and `then` says whether it is kept.
  template <class Then, class... Es>
  Task<Result<Nothing>> write(Then then, Es... events) {
    auto writing = database.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) -> Result<Nothing> {
      (outbox.publish(transaction, events, cause), ...);
      return then();
    });
    auto written = co_await writing;
    co_return written;
  }
  template <class... Es>
  void publish(Es... events) {
    const auto written = world.run([&] { return write([] { return Result<Nothing>(Nothing{}); }, events...); });
    if (!written) throw std::runtime_error(written.error().detail);
  }
  /// Moves one thing, `count` times, in one transaction.
  void publish_moves(const std::string& thing, int from, int to) {
    const auto written = world.run([&] {
      return database.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) -> Result<Nothing> {
        for (int number = from; number <= to; ++number) outbox.publish(transaction, Moved{thing, number}, cause);
        return Nothing{};
      });
    });
    if (!written) throw std::runtime_error(written.error().detail);
  }

  Result<FeedPage> read(ReadFeed query) { return world.ask(outbox, world.anyone(), query); }
  /// Of a feed that is there: a page as "thing number", or "thing" for what is painted.
  std::vector<std::string> read_texts(ReadFeed query) {
    std::vector<std::string> texts;
    const auto page = read(query);
    for (const auto& entry : page.value().items) texts.push_back(text_of(entry.event));
    return texts;
  }
  static std::string text_of(const Envelope& event) {
    if (event.type == Painted::event.type) return event.subject;
    return test::text_of(decode_answer<Moved>(event.data.text).value());
  }
  std::int64_t count() {
    return database.read([](sql::Session& session) {
      return *session.first("SELECT COUNT(*) FROM outbox", [](const sql::Row& row) { return row.integer(0); });
    });
  }

  World& world;
  sql::Database database;
  events::Outbox outbox{database, "maker", world.environment};
  Call cause;
};

}  // namespace svc::test
