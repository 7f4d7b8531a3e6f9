// What a read shows, and for how long it stands in the way.
#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/eventually.h"
#include "unit/sql_things.h"

namespace {

using namespace svc;
using namespace svc::test;
using sql::Database;
using sql::Session;

TEST_CASE("a read sees one moment") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  database.read([&](Session& session) {
    const auto look = [&] {
      return *session.first("SELECT COUNT(*) FROM things", [](const sql::Row& row) { return row.integer(0); });
    };
    CHECK(look() == 0);
    CHECK(add_now(database, "while reading").has_value());
    CHECK(look() == 0);
    return 0;
  });
  CHECK(count(database) == 1);
}

// What each of several reads in one turn of a loop counts, while `between` happens.
std::vector<std::int64_t> counts_in_a_turn(Database& database, const std::vector<std::function<void()>>& between) {
  std::vector<std::int64_t> counts;
  run_here([&]() -> Task<int> {
    counts.push_back(count(database));
    for (const auto& happen : between) {
      happen();
      counts.push_back(count(database));
    }
    co_return 0;
  });
  return counts;
}

// Whether the log does, nobody being in its way.
bool begins_anew(SQLite::Database& raw) {
  SQLite::Statement checkpoint(raw, "PRAGMA wal_checkpoint(TRUNCATE)");
  return checkpoint.executeStep() && checkpoint.getColumn(0).getInt() == 0;
}

TEST_CASE("reads of one turn show what was committed between them, by whom it may be") {
  const test::TempDir dir;
  Database database(dir / "a.db", one), other(dir / "a.db", one);
  const auto elsewhere = [](Database& where, const std::string& name) {
    return [&where, name] { std::thread([&] { CHECK(add_now(where, name).has_value()); }).join(); };
  };
  const auto nothing = [] {};
  const auto counts = counts_in_a_turn(
      database, {nothing, elsewhere(database, "a"), nothing, elsewhere(other, "b"), elsewhere(other, "c")});
  CHECK(counts == std::vector<std::int64_t>{0, 0, 1, 1, 2, 3});
}

TEST_CASE("a read that is kept for a turn ends with it: the log is left to be begun anew") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  SQLite::Database raw((dir / "a.db").string(), SQLite::OPEN_READWRITE);
  bool free_within = true;
  const auto look = [&] { free_within = begins_anew(raw); };
  CHECK(add_now(database, "a").has_value());
  counts_in_a_turn(database, {[] {}, look});
  CHECK_FALSE(free_within);
  CHECK(begins_anew(raw));
}

TEST_CASE("no read is kept for a turn while the log is long, so that it can begin anew between two") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  SQLite::Database raw((dir / "a.db").string(), SQLite::OPEN_READWRITE);
  SQLite::Statement held(raw, "SELECT 1 FROM sqlite_master");
  REQUIRE(held.executeStep());  // so that the log cannot begin anew
  for (int i = 0; i < 5; ++i) CHECK(add_now(database, std::to_string(i) + std::string(4'000'000, 'x')).has_value());
  held.reset();
  bool began_anew = false;
  const auto begin_anew = [&] {
    began_anew = eventually([&] { return begins_anew(raw); });  // when the checkpointer, which may be at it, is done
  };
  counts_in_a_turn(database, {[] {}, begin_anew});
  CHECK(began_anew);
}

TEST_CASE("where somebody always reads, the log does not grow without end") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  // Each of two ends its read when the other has begun its next one: there always is one.
  std::array<std::atomic<int>, 2> begun{};
  std::atomic<bool> stop{false};
  const auto read_on = [&](std::size_t self) {
    for (int mine = 1; !stop; ++mine)
      database.read([&](Session& session) {
        session.any("SELECT 1 FROM things");
        begun[self] = mine;
        while (!stop && begun[1 - self] < mine + static_cast<int>(self)) std::this_thread::yield();
        return 0;
      });
  };
  std::vector<std::thread> readers;
  for (const std::size_t self : {0, 1}) readers.emplace_back([&read_on, self] { read_on(self); });
  constexpr int page = 4'096;
  std::uintmax_t longest = 0;
  for (int i = 0; i < 40; ++i) {
    CHECK(add_now(database, std::to_string(i) + std::string(std::size_t{1'000} * page, 'x')).has_value());
    longest = std::max(longest, std::filesystem::file_size(dir / "a.db-wal"));
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(longest < std::uintmax_t{30'000} * page);
}

TEST_CASE("an exception in a read leaves the database in order") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  CHECK_THROWS(database.read([](Session& session) { return session.any("SELECT nonsense FROM things"); }));
  CHECK(count(database) == 0);
}

}  // namespace
