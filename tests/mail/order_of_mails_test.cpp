// In which order mails are taken to be sent.
#include "events/consumer.h"
#include "notification_store.h"
#include "sql/database.h"
#include "support/catch.h"
#include "support/world.h"

namespace {

using namespace svc;
using namespace svc::notification;
using Ids = std::vector<std::string>;

struct Fixture {
  test::World world;
  sql::Database database{world.dir / "notification.db", migrations()};
  events::Consumer consumer{database, "notification", world.environment};

  template <class Do>
  auto write(Do work) {
    auto written = world.run([&] {
      return database.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) {
        return Result<std::invoke_result_t<Do&, sql::Transaction&>>(work(transaction));
      });
    });
    return std::move(written.value());
  }
  void note(const std::string& id, const std::string& order, Kind kind) {
    Notification notification;
    notification.id = id;
    notification.order_id = order;
    notification.user_id = "ann";
    notification.kind = kind;
    notification.created_at = world.clock.now();
    write([&](sql::Transaction& transaction) {
      put(transaction, {notification, "{}"});
      return Nothing{};
    });
  }
  bool becomes(const std::string& id, NotificationStatus status, int attempts = 1) {
    Notification notification;
    notification.id = id;
    notification.status = status;
    notification.attempts = attempts;
    return write([&](sql::Transaction& transaction) {
      const bool noted = note_try(transaction, notification, Time{});
      if (status == NotificationStatus::failed) {
        Envelope event;
        event.id = id;
        event.source = source_of("order");
        event.subject = "order";
        consumer.park(transaction, event, Error{Code::invalid, "mail_refused", ""});
      }
      return noted;
    });
  }
  bool is(const std::string& id, NotificationStatus status) {
    return database.read([&](sql::Session& session) {
      return session.any("SELECT 1 FROM notifications WHERE id = ? AND status = ?", id, status);
    });
  }
  Ids taken() {
    const Time now = world.clock.now();
    Ids ids;
    for (const auto& stored :
         write([&](sql::Transaction& transaction) { return claim(transaction, now, now + seconds{60}, 10); }))
      ids.push_back(stored.notification.id);
    return ids;
  }
};

TEST_CASE("of the mails of one order, a later one waits for the earlier, and no other order's does") {
  Fixture f;
  f.note("1", "a", Kind::order_confirmed);
  f.note("2", "a", Kind::order_cancelled);
  f.note("3", "b", Kind::order_confirmed);
  CHECK(f.taken() == Ids{"1", "3"});
  CHECK(f.taken().empty());  // while the first is being sent, or waits to be tried again
  f.becomes("1", NotificationStatus::sent);
  CHECK(f.taken() == Ids{"2"});
}

TEST_CASE("a mail waits for one of its order that was given up until that is sent or dropped") {
  Fixture f;
  f.note("1", "a", Kind::order_confirmed);
  f.note("2", "a", Kind::order_cancelled);
  CHECK(f.taken() == Ids{"1"});
  f.becomes("1", NotificationStatus::failed);
  CHECK(f.taken().empty());
  SECTION("dropped") {
    REQUIRE(f.world.ask(f.consumer, f.world.anyone(), DropParked{"1"}));
    CHECK(f.taken() == Ids{"2"});
  }
  SECTION("tried again") {
    f.note("1", "a", Kind::order_confirmed);
    CHECK(f.taken() == Ids{"1"});
    f.becomes("1", NotificationStatus::sent);
    CHECK(f.taken() == Ids{"2"});
  }
}

TEST_CASE("a try that another has overtaken does not undo what that came to, and one that was sent is sent") {
  Fixture f;
  f.note("1", "a", Kind::order_confirmed);
  CHECK(f.taken() == Ids{"1"});
  f.world.clock.advance(seconds{61});  // whoever took it hung
  CHECK(f.taken() == Ids{"1"});
  SECTION("the second is sent, and the first then fails") {
    CHECK(f.becomes("1", NotificationStatus::sent, 2));
    CHECK_FALSE(f.becomes("1", NotificationStatus::waiting, 1));
    CHECK(f.is("1", NotificationStatus::sent));
  }
  SECTION("the first fails while the second is at work") {
    CHECK_FALSE(f.becomes("1", NotificationStatus::waiting, 1));
    CHECK(f.taken().empty());
  }
  SECTION("the first is sent after all, and the second then fails") {
    CHECK(f.becomes("1", NotificationStatus::sent, 1));
    CHECK_FALSE(f.becomes("1", NotificationStatus::waiting, 2));
    CHECK(f.is("1", NotificationStatus::sent));
  }
}

}  // namespace
