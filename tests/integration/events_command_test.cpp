// `svc events`, for people: what is parked, and what is done about it.
#include <SQLiteCpp/SQLiteCpp.h>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

// Parks an event in a module's database, as if it had been tried in vain.
void park(const std::filesystem::path& file, const std::string& id, const std::string& state, const std::string& data) {
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
  database.setBusyTimeout(10'000);
  SQLite::Statement insert(database,
                           "INSERT INTO parked_events (id, source, type, version, subject, time, data, "
                           "state, attempts, next_try_at, reason, "
                           "detail, parked_at) VALUES (?, '/svc/order', 'order_cancelled', 1, 'order-1', 0, "
                           "?, ?, 3, 0, 'because', 'of this', 0)");
  insert.bind(1, id);
  insert.bind(2, data);
  insert.bind(3, state);
  insert.exec();
}

TEST_CASE("svc events lists what is parked, shows it, tries it again and drops it") {
  System system(whole);
  const auto file = system.data() / "notification.db";
  park(file, "first", "parked", R"("no order")");
  park(file, "second", "behind",
       R"({"id":"o","userId":"u","items":[],"totalAmount":{"amount":1,"currency":"USD"},)"
       R"("status":"cancelled","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"})");
  const auto events = [&](std::vector<std::string> words) {
    std::vector<std::string> command{svc_binary(), "--config=/dev/null", "--data=" + system.data().string(),
                                     "--registry=http://127.0.0.1:" + std::to_string(system.port("registry")),
                                     "events"};
    command.insert(command.end(), words.begin(), words.end());
    return run_command(command);
  };
  const auto listed = events({"list"});
  CAPTURE(listed.out, listed.err);
  CHECK(listed.status == 0);
  for (const auto* word : {"notification", "order_cancelled", "first", "second", "parked", "behind", "because"})
    CHECK_THAT(listed.out, ContainsSubstring(word));
  CHECK_THAT(events({"list", "--consumer=order"}).out, ContainsSubstring("No event is parked"));
  CHECK_THAT(events({"list", "--consumer=gateway"}).err, ContainsSubstring("consumes events"));

  const auto metrics = [&] { return send(system.operations(), "GET", "/metrics").body; };
  for (const auto* line :
       {"\nsvc_events_parked{consumer=\"notification\",state=\"parked\"} 1\n",
        "\nsvc_events_parked{consumer=\"notification\",state=\"behind\"} 1\n",
        "\nsvc_events_parked{consumer=\"order\",state=\"parked\"} 0\n", "\nsvc_module_ready{module=\"payment\"} 1\n"})
    CHECK_THAT(metrics(), ContainsSubstring(line));
  CHECK(send(system.gateway(), "GET", "/metrics").status == 404);

  const auto shown = events({"show", "first"});
  CHECK(shown.status == 0);
  CHECK_THAT(shown.out, ContainsSubstring("no order"));
  CHECK_THAT(shown.out, ContainsSubstring("of this"));
  CHECK(events({"show", "third"}).status == 1);
  CHECK(events({"show"}).status == 2);

  CHECK_THAT(events({"retry", "second"}).err, ContainsSubstring("earlier event"));
  const auto retried = events({"retry", "first"});
  CHECK(retried.status == 1);
  CHECK_THAT(retried.err, ContainsSubstring("unreadable_event"));
  CHECK(events({"drop", "first"}).status == 0);
  // The one behind it follows: a notification to somebody who is not there.
  CHECK(eventually([&] { return events({"list"}).out.find("No event is parked") != std::string::npos; }));
  CHECK(eventually([&] {
    const auto page = send(system.gateway(), "GET", "/notifications", bearer(system.operator_token())).json();
    return page["items"].size() == 1 && page["items"][0]["status"] == "skipped";
  }));
  CHECK_THAT(metrics(), ContainsSubstring("\nsvc_events_parked{consumer=\"notification\",state=\"parked\"} 0\n"));
}

TEST_CASE("metrics tell of the calls of each operation") {
  System system(whole);
  const auto account = R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})";
  const auto post = [&](const std::string& body) { return send(system.gateway(), "POST", "/users", {}, body).status; };
  REQUIRE(post(account) == 201);
  REQUIRE(post(account) == 409);
  REQUIRE(post("{}") == 422);
  const auto metrics = send(system.operations(), "GET", "/metrics").body;
  for (const auto* line :
       {"\nsvc_operations_total{service=\"user\",operation=\"create_user\",outcome=\"ok\"} 1\n",
        "\nsvc_operations_total{service=\"user\",operation=\"create_user\",outcome=\"conflict\"} 1\n",
        "\nsvc_operations_total{service=\"user\",operation=\"create_user\",outcome=\"invalid\"} 1\n",
        "\nsvc_operation_seconds_count{service=\"user\",operation=\"create_user\"} 3\n",
        "\nsvc_log_lines_dropped_total 0\n"})
    CHECK_THAT(metrics, ContainsSubstring(line));
}

TEST_CASE("metrics tell of events that were published, and of those that a consumer has not had") {
  System system(whole);
  const auto metrics = [&] { return send(system.operations(), "GET", "/metrics").body; };
  const auto account = R"({"name":"Ann","email":"ann@example.com","password":"correct horse"})";
  REQUIRE(send(system.gateway(), "POST", "/users", {{"Content-Type", "application/json"}}, account).status == 201);
  for (const auto* line : {"\nsvc_events_published_total{module=\"user\"} 1\n",
                           "\nsvc_events_unread{module=\"user\",reader=\"order\"} 0\n",
                           "\nsvc_events_lag{consumer=\"order\",module=\"user\"} 0\n",
                           "\nsvc_events_feed_up{consumer=\"order\",module=\"user\"} 1\n"})
    CHECK(eventually([&] { return metrics().find(line) != std::string::npos; }));
}

}  // namespace
