// What makes up a commit: what its transactions want done behind all of them, and how it gets into the log.
#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <fstream>

#include "async/loop.h"
#include "sql/database.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace {

using namespace svc;
using sql::Database;
using sql::Session;
using sql::Transaction;

constexpr std::array migrations{
    sql::Migration{1, "notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"}};

struct Fixture {
  test::TempDir dir;
  Database database{dir / "a.db", migrations};

  std::vector<std::string> notes() {
    std::vector<std::string> found;
    database.read([&](Session& session) {
      session.each("SELECT text FROM notes ORDER BY id", [&](const sql::Row& row) { found.push_back(row.text(0)); });
      return 0;
    });
    return found;
  }
};

using Work = std::function<Result<Nothing>(Transaction&)>;
using Works = std::vector<Work>;
using Words = std::vector<std::string>;

void note(Transaction& transaction, std::string_view text) {
  transaction.execute("INSERT INTO notes (text) VALUES (?)", text);
}

// What became of writes that share a commit, since all were asked for in one turn: "kept", or why not.
Words write_together(Database& database, const Works& works) {
  Words outcomes;
  run_here([&]() -> Task<int> {
    std::vector<Task<Result<Nothing>>> tasks;
    for (const auto& work : works)
      tasks.push_back(database.write(Steady::now() + seconds{5}, [&work](Transaction& t) { return work(t); }));
    for (auto& task : tasks) try {
        auto written = co_await task;
        outcomes.push_back(written ? "kept" : written.error().reason);
      } catch (const std::exception& thrown) {
        outcomes.emplace_back(thrown.what());
      }
    co_return 0;
  });
  return outcomes;
}

// A transaction that writes `text`, and wants `closing` written behind all.
Work writes(std::string text, std::string closing) {
  return [text, closing](Transaction& transaction) -> Result<Nothing> {
    note(transaction, text);
    transaction.before_commit(closing, [closing](Transaction& t) { note(t, closing); });
    return Nothing{};
  };
}

Result<Nothing> refuses(Transaction& transaction) {
  note(transaction, "undone");
  transaction.before_commit("of the undone", [](Transaction& t) { note(t, "of the undone"); });
  transaction.before_commit("sum", [](Transaction& t) { note(t, "sum of the undone"); });
  return fail(Code::conflict, "no");
}

TEST_CASE("what transactions of one commit want done behind all of them is done once") {
  Fixture f;
  CHECK(write_together(f.database, {writes("a", "sum"), writes("b", "other"), writes("c", "sum")}) ==
        Words{"kept", "kept", "kept"});
  CHECK(f.notes() == Words{"a", "b", "c", "sum", "other"});
  CHECK(f.database.counts().commits == 1);
  CHECK(write_together(f.database, {writes("d", "sum")}) == Words{"kept"});
  CHECK(f.notes() == Words{"a", "b", "c", "sum", "other", "d", "sum"});
}

TEST_CASE("what a transaction that is undone wants done behind it is not done") {
  Fixture f;
  CHECK(write_together(f.database, Works{refuses, writes("a", "sum")}) == Words{"no", "kept"});
  CHECK(f.notes() == Words{"a", "sum"});
  CHECK(write_together(f.database, Works{writes("b", "sum"), refuses}) == Words{"kept", "no"});
  CHECK(f.notes() == Words{"a", "sum", "b", "sum"});
}

TEST_CASE("where what is to be done behind all fails, nothing of the commit is kept") {
  Fixture f;
  const auto breaks = [](Transaction& transaction) -> Result<Nothing> {
    note(transaction, "never");
    transaction.before_commit("broken", [](Transaction&) { throw std::runtime_error("broken"); });
    return Nothing{};
  };
  CHECK(write_together(f.database, Works{writes("a", "sum"), breaks}) == Words{"broken", "broken"});
  CHECK(write_together(f.database, Works{breaks}) == Words{"broken"});
  CHECK(f.notes().empty());
  CHECK(write_together(f.database, Works{writes("b", "sum")}) == Words{"kept"});
  CHECK(f.notes() == Words{"b", "sum"});
}

// Writing system calls of this process so far (proc(5), /proc/pid/io).
std::int64_t writing_calls() {
  std::ifstream file("/proc/self/io");
  std::string name;
  for (std::int64_t value = 0; file >> name >> value;)
    if (name == "syscw:") return value;
  throw std::runtime_error("no syscw in /proc/self/io");
}

TEST_CASE("a commit's pages go into the log in few writes, and are all there") {
  Fixture f;
  const std::string page(4'000, 'x');
  constexpr int rows = 60;
  const auto before = writing_calls();
  CHECK(write_together(f.database, {[&](Transaction& transaction) -> Result<Nothing> {
                         for (int i = 0; i < rows; ++i) note(transaction, page + std::to_string(i));
                         return Nothing{};
                       }}) == Words{"kept"});
  CHECK(writing_calls() - before < rows / 2);  // SQLite by itself makes two for each page; some are of the test itself
  // As somebody else reads it, who knows nothing of how it was written.
  SQLite::Database other((f.dir / "a.db").string());
  CHECK(other.execAndGet("SELECT COUNT(*) FROM notes WHERE length(text) > 4000").getInt() == rows);
  CHECK(other.execAndGet("PRAGMA integrity_check").getString() == "ok");
}

TEST_CASE("a transaction that outgrows the cache can be read back, kept and undone") {
  Fixture f;
  const std::string page(3'000, 'x');
  static constexpr int rows = 3'000;  // 9 MB: SQLite puts pages into the log before their commit
  const auto fill = [&](bool keep) {
    return [&page, keep](Transaction& transaction) -> Result<Nothing> {
      for (int i = 0; i < rows; ++i) note(transaction, page);
      // Here and there, so that some pages are wanted again that have gone to the log just now.
      for (int i = 0; i < rows; ++i)
        transaction.execute("UPDATE notes SET text = text || '!' WHERE id = ?", 1 + i * 7'919 % rows);
      const auto changed = transaction.first("SELECT COUNT(*) FROM notes WHERE text LIKE '%!'",
                                             [](const sql::Row& row) { return row.integer(0); });
      CHECK(changed == rows);
      if (!keep) return fail(Code::conflict, "no");
      return Nothing{};
    };
  };
  CHECK(write_together(f.database, Works{fill(false)}) == Words{"no"});
  CHECK(f.notes().empty());
  CHECK(write_together(f.database, Works{fill(true)}) == Words{"kept"});
  CHECK(f.notes().size() == std::size_t{rows});
  SQLite::Database other((f.dir / "a.db").string());
  CHECK(other.execAndGet("PRAGMA integrity_check").getString() == "ok");
}

TEST_CASE("what was undone is never written over what another process wrote there") {
  Fixture f;
  Database other(f.dir / "a.db", migrations);  // in this process, but as far as the file goes another's
  constexpr int rows = 3'000;
  const auto fill = [](Transaction& transaction) -> Result<Nothing> {
    for (int i = 0; i < rows; ++i) note(transaction, std::string(3'000, 'x'));  // a page each
    return Nothing{};
  };
  REQUIRE(write_together(f.database, Works{fill}) == Words{"kept"});
  int written = rows;
  // Cached are some 480 pages. Where few more are changed, what is put into the log before it is undone lies where the
  // next commits go.
  for (int changed = 440; changed < 540; changed += 10) {
    const auto outgrows = [&](Transaction& transaction) -> Result<Nothing> {
      transaction.execute("UPDATE notes SET text = text || '!' WHERE id <= ?", changed);
      return fail(Code::conflict, "no");
    };
    // Out of the log, whose reading would have what waits for it written.
    SQLite::Database((f.dir / "a.db").string(), SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
    REQUIRE(write_together(f.database, Works{outgrows}) == Words{"no"});
    for (int i = 0; i < 20; ++i) REQUIRE(write_together(other, Works{writes("one", "two")}) == Words{"kept"});
    REQUIRE(write_together(f.database, Works{writes("three", "four")}) == Words{"kept"});
    written += 42;
    CAPTURE(changed);
    REQUIRE(f.notes().size() == static_cast<std::size_t>(written));
    REQUIRE(other.read([](Session& session) {
      return session.first("PRAGMA integrity_check", [](const sql::Row& row) { return row.text(0); });
    }) == "ok");
  }
}

}  // namespace
