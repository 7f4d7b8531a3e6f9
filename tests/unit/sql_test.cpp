// The database: grouping, savepoints, migrations, and a disk that fails.
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/file_limit.h"
#include "unit/sql_things.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace std::chrono_literals;
using sql::Database;
using sql::Session;
using sql::Transaction;

constexpr sql::Migration second{2, "size", "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"};
constexpr std::array two{first, second};

TEST_CASE("what was written can be read, as text, numbers, times and nothing") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  using std::string_literals::operator""s;
  const auto awkward = "x'; DROP TABLE things; -- \0 é"s;
  REQUIRE(add_now(database, awkward).has_value());
  database.read([&](Session& session) {
    CHECK(session.first("SELECT name FROM things", [](const sql::Row& row) { return row.text(0); }) == awkward);
    CHECK(session.first(
              "SELECT ?, ?, ?",
              [](const sql::Row& row) { return std::tuple{row.integer(0), row.is_null(1), row.maybe_text(2)}; },
              Time{5}, std::optional<std::string>{}, "t") == std::tuple{5, true, std::optional<std::string>{"t"}});
    CHECK_FALSE(session.any("SELECT 1 FROM things WHERE name = ?", "nobody"));
    return 0;
  });
}

TEST_CASE("writes that wait together share a commit, and one that fails takes no other with it") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  constexpr int writers = 200;
  int refused = 0, thrown = 0, written = 0;
  run_here([&]() -> Task<int> {
    std::vector<Task<Result<Nothing>>> tasks;
    for (int i = 0; i < writers; ++i) {
      if (i % 10 == 1)
        tasks.push_back(database.write(in(5s), [i](Transaction& transaction) -> Result<Nothing> {
          transaction.execute("INSERT INTO things (name) VALUES (?)", "refused" + std::to_string(i));
          return fail(Code::conflict, "no");
        }));
      else if (i % 10 == 2)
        tasks.push_back(database.write(in(5s), [i](Transaction& transaction) -> Result<Nothing> {
          transaction.execute("INSERT INTO things (name) VALUES (?)", "thrown" + std::to_string(i));
          throw std::logic_error("defect");
        }));
      else if (i % 10 == 3) tasks.push_back(add(database, "name0"));  // breaks a constraint of the table
      else tasks.push_back(add(database, "name" + std::to_string(i)));
    }
    for (auto& task : tasks) {
      try {
        auto result = co_await task;
        if (result) ++written;
        else if (result.error().reason == "no") ++refused;
      } catch (const std::exception&) {
        ++thrown;
      }
    }
    co_return 0;
  });
  CHECK(written == writers * 7 / 10);
  CHECK(refused == writers / 10);
  CHECK(thrown == 2 * writers / 10);
  CHECK(count(database) == written);
  CHECK(database.counts().transactions == std::uint64_t{writers});
  CHECK(database.counts().commits < std::uint64_t{writers} / 4);
}

TEST_CASE("a loop that does not end its turn holds up no other's writes") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  Loops loops(2);
  std::atomic<bool> stuck{false}, done{false}, free{false};
  loops[1].post([&] {
    detach([](Database& where) -> Task<> {
      auto writing = add(where, "stuck");
      co_await writing;
    }(database));
    stuck = true;
    while (!free) std::this_thread::yield();
  });
  while (!stuck) std::this_thread::yield();
  loops[0].post([&] {
    detach([](Database& where, std::atomic<bool>& written) -> Task<> {
      auto writing = add(where, "free");
      co_await writing;
      written = true;
    }(database, done));
  });
  CHECK(test::eventually([&] { return done.load(); }));
  free = true;
}

TEST_CASE("migrations are applied once, in order, and added to") {
  const test::TempDir dir;
  {
    Database database(dir / "a.db", one);
    REQUIRE(add_now(database, "old").has_value());
  }
  Database database(dir / "a.db", two);
  CHECK(database.read([](Session& session) {
    return session.first("SELECT size FROM things", [](const sql::Row& row) { return row.integer(0); });
  }) == 0);
}

TEST_CASE("a database of a newer program is refused, and so is an edited migration") {
  const test::TempDir dir;
  {
    const Database database(dir / "a.db", two);
  }
  CHECK_THROWS_WITH(Database(dir / "a.db", one), Catch::Matchers::ContainsSubstring("made by a newer svc"));
  constexpr sql::Migration edited{1, "things", "CREATE TABLE other (id INTEGER);"};
  constexpr std::array changed{edited, second};
  CHECK_THROWS_WITH(Database(dir / "a.db", changed), Catch::Matchers::ContainsSubstring("never edited"));
}

TEST_CASE("a broken migration leaves nothing behind") {
  const test::TempDir dir;
  constexpr sql::Migration broken{2, "broken", "CREATE TABLE more (id INTEGER); CREATE TABLE more (id INTEGER);"};
  constexpr std::array all{first, broken};
  CHECK_THROWS(Database(dir / "a.db", all));
  Database database(dir / "a.db", one);
  CHECK_FALSE(
      database.read([](Session& session) { return session.any("SELECT 1 FROM sqlite_master WHERE name = 'more'"); }));
}

TEST_CASE("processes that open one file at once agree on who migrates it") {
  const test::TempDir dir;
  std::atomic<int> opened{0};
  for (int file = 0; file < 20; ++file) {  // the moment in which they meet is short
    std::vector<std::thread> openers;
    for (int i = 0; i < 8; ++i)
      openers.emplace_back([&] {
        const Database database(dir / (std::to_string(file) + ".db"), two);
        ++opened;
      });
    for (auto& opener : openers) opener.join();
  }
  CHECK(opened == 20 * 8);
}

TEST_CASE("a file that cannot be made is told by its name") {
  const test::TempDir dir;
  std::ofstream(dir / "file") << "x";
  CHECK_THROWS_WITH(Database(dir / "file" / "a.db", one), Catch::Matchers::ContainsSubstring("file"));
  std::ofstream(dir / "file") << std::string(10'000, 'x');
  CHECK_THROWS_WITH(Database(dir / "file", one), Catch::Matchers::ContainsSubstring("not a database"));
}

TEST_CASE("a file that may only be read is refused when it is opened, not at the first write") {
  namespace fs = std::filesystem;
  const test::TempDir dir;
  const auto file = dir / "a.db";
  {
    const Database made(file, one);
  }
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  fs::permissions(dir.path(), fs::perms::all);
  const auto self = ::geteuid();
  if (self == 0) REQUIRE(::seteuid(65'534) == 0);  // root may write whatever the file says
  std::string told;
  try {
    const Database refused(file, one);
  } catch (const std::runtime_error& error) {
    told = error.what();
  }
  REQUIRE(::seteuid(self) == 0);
  CHECK(told == "cannot open database " + file.string() + ": the file may not be written");
}

TEST_CASE("while another process holds the lock, writes wait for their deadline and reads do not") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  SQLite::Database other((dir / "a.db").string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  const auto begun = Steady::now();
  const auto refused = add_now(database, "late", 50ms);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().reason == "storage_busy");
  CHECK(Steady::now() - begun >= 50ms);
  CHECK(Steady::now() - begun < 5s);  // not SQLite's own patience
  CHECK(count(database) == 0);
  const auto in_time = run_here([&]() -> Task<Result<Nothing>> {
    auto adding = add(database, "in time");
    other.exec("COMMIT");
    auto added = co_await adding;
    co_return added;
  });
  CHECK(in_time.has_value());
  CHECK(count(database) == 1);
}

TEST_CASE("a write that is late when its turn comes is refused, and not done") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  std::atomic<bool> entered{false};
  run_here([&]() -> Task<int> {
    auto blocking = database.write(in(10s), [&entered](Transaction&) -> Result<Nothing> {
      entered = true;
      std::this_thread::sleep_for(200ms);  // as a process that hangs would
      return Nothing{};
    });
    while (!entered) {
      NextTurn turn;
      co_await turn;
    }
    auto asking = add(database, "late", in(100ms));
    auto late = co_await asking;
    CHECK(late.error().code == Code::timeout);
    CHECK(late.error().reason == "deadline_passed");
    co_await blocking;
    co_return 0;
  });
  CHECK(count(database) == 0);
}

TEST_CASE("when more waits than can be written in time, the late are refused at once") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  std::atomic<int> entered{0};
  const auto slow = [&](milliseconds time) {
    return database.write(in(10s), [&entered, time](Transaction&) -> Result<Nothing> {
      ++entered;
      std::this_thread::sleep_for(time);  // as a slow disk would
      return Nothing{};
    });
  };
  run_here([&]() -> Task<int> {
    auto warming = slow(100ms);
    co_await warming;
    auto blocking = slow(300ms);
    while (entered < 2) {  // what comes now waits behind it
      NextTurn turn;
      co_await turn;
    }
    std::vector<Task<Result<Nothing>>> patient;
    for (int i = 0; i < 5; ++i) patient.push_back(add(database, "patient " + std::to_string(i)));
    const auto begun = Steady::now();
    auto asking = add(database, "late", in(200ms));
    auto late = co_await asking;
    CHECK(late.error().reason == "overloaded");
    CHECK(Steady::now() - begun < 200ms);
    for (auto& task : patient) {
      auto added = co_await task;
      CHECK(added.has_value());
    }
    co_await blocking;
    co_return 0;
  });
  CHECK(count(database) == 5);
}

TEST_CASE("two busy writers of one file share it") {
  const test::TempDir dir;
  Database a(dir / "a.db", one), b(dir / "a.db", one);
  std::atomic<bool> stop{false};
  std::array<std::atomic<int>, 2> done{};
  const auto keep_writing = [&](Database& database, int who) {
    run_here([&]() -> Task<int> {
      while (!stop) {
        const std::string name = std::to_string(who) + "-" + std::to_string(done[static_cast<std::size_t>(who)]);
        auto adding = add(database, name);
        auto added = co_await adding;
        if (!added) co_return 1;
        ++done[static_cast<std::size_t>(who)];
      }
      co_return 0;
    });
  };
  std::thread first_writer([&] { keep_writing(a, 0); }), second_writer([&] { keep_writing(b, 1); });
  while (done[0] == 0 || done[1] == 0) std::this_thread::yield();
  const int before[] = {done[0], done[1]};  // one may have begun long before the other
  while (done[0] + done[1] < before[0] + before[1] + 2'000) std::this_thread::yield();
  stop = true;
  first_writer.join();
  second_writer.join();
  CAPTURE(done[0].load(), done[1].load());
  CHECK(done[0] - before[0] > 200);
  CHECK(done[1] - before[1] > 200);
}

TEST_CASE("when the disk fails, writes are refused and never half-done, reads are served, and writes return") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  REQUIRE(add_now(database, "before").has_value());
  {
    const test::FileLimit limit(4'096);
    const auto uncertain = add_now(database, std::string(20'000, 'x'));
    REQUIRE_FALSE(uncertain.has_value());
    CHECK(uncertain.error().code == Code::unavailable);
    CHECK(database.unwritable().has_value());
    const auto refused = add_now(database, "meanwhile");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().reason == "storage_unavailable");
    CHECK(count(database) == 1);
  }
  REQUIRE(test::eventually([&] { return !database.unwritable(); }));  // its probe finds out
  CHECK(add_now(database, "after").has_value());
  CHECK(count(database) == 2);
}

TEST_CASE("a full disk in the middle of a group refuses all of it") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  int refused = 0;
  {
    const test::FileLimit limit(65'536);
    run_here([&]() -> Task<int> {
      std::vector<Task<Result<Nothing>>> tasks;
      for (int i = 0; i < 50; ++i) tasks.push_back(add(database, std::to_string(i) + std::string(100'000, 'x')));
      for (auto& task : tasks) {
        auto result = co_await task;
        if (!result) ++refused;
      }
      co_return 0;
    });
    CHECK(refused == 50);
    CHECK(count(database) == 0);
  }
  REQUIRE(test::eventually([&] { return !database.unwritable(); }));
  CHECK(add_now(database, "after").has_value());
  CHECK(count(database) == 1);
}

TEST_CASE("however long is written without a pause, the log begins anew") {
  const test::TempDir dir;
  Database database(dir / "a.db", one);
  constexpr int least = 3'000, most = 30'000, row_size = 20'000;
  // How soon depends on who else wants the disk and the processor; that it does, and goes on so, must be seen.
  const auto began_anew = [&](int rows) {
    return rows >= least &&
           std::filesystem::file_size(dir / "a.db-wal") < static_cast<std::size_t>(rows) * row_size / 2;
  };
  int rows = 0;
  run_here([&]() -> Task<int> {
    for (; rows < most && !began_anew(rows); ++rows) {
      const int i = rows;
      auto adding = add(database, std::to_string(i) + std::string(row_size, 'x'));
      auto added = co_await adding;
      if (!added) co_return 1;
    }
    co_return 0;
  });
  CHECK(count(database) == rows);
  CHECK(began_anew(rows));
}

TEST_CASE("only the owner can read the files") {
  const test::TempDir dir;
  const auto before = umask(077);
  {
    const Database database(dir / "a.db", one);
  }
  umask(before);
  const auto permissions = std::filesystem::status(dir / "a.db").permissions();
  CHECK((permissions & std::filesystem::perms(0077)) == std::filesystem::perms::none);
}

}  // namespace
