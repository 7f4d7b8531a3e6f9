#include "sql/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>

#include "sql/gathering_vfs.h"

namespace svc::sql {
namespace {

constexpr int poll_ms = 1;
constexpr int polls = 10'000;

// For what may meet another process outside the writer's own polling: opening, migrating, reading.
int wait_a_little(void*, int tries) {
  if (tries >= polls) return 0;
  sqlite3_sleep(poll_ms);
  return 1;
}

// Texts are not copied: the caller holds them until the statement is reset, and it is not stepped again before it has
// got others.
void bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.get())) sqlite3_bind_int64(statement, index, *number);
  else if (const auto* text = std::get_if<std::string_view>(&value.get()))
    sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  else sqlite3_bind_null(statement, index);
}

// A statement goes back to the cache without holding a lock, however its use ended.
class Resetting {
 public:
  explicit Resetting(sqlite3_stmt* statement) : statement_(statement) {}
  ~Resetting() { sqlite3_reset(statement_); }
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;

 private:
  sqlite3_stmt* const statement_;
};

// Before SQLite's first use. Its memory statistics would have every thread meet at one lock.
void configure_sqlite() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);  // refused when something has used SQLite already: then it is only slower
}

const char* file_layer() {
  configure_sqlite();
  return gathering_vfs();
}

// A connection has one user at a time, so it needs no lock of its own.
int open_flags(Connection::Mode mode) {
  const int flags = SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
  return mode == Connection::Mode::write ? flags | SQLite::OPEN_CREATE : flags;
}

// The first to open a file turns it over to WAL, and needs it alone for that. Where two want it at once
// SQLite gives one up without asking the busy handler, whose wait would never end (sqlite.org,
// sqlite3_busy_handler).
void use_wal(SQLite::Database& database) {
  for (int tries = 0;; ++tries) try {
      database.exec("PRAGMA journal_mode=WAL");
      return;
    } catch (const SQLite::Exception& e) {
      if ((e.getErrorCode() & 0xff) != SQLITE_BUSY || wait_a_little(nullptr, tries) == 0) throw;
    }
}

}  // namespace

Connection::Connection(const std::filesystem::path& file, Mode mode)
    : database_(file.string(), open_flags(mode), 0, file_layer()) {
  sqlite3_busy_handler(database_.getHandle(), wait_a_little, nullptr);
  sqlite3_extended_result_codes(database_.getHandle(), 1);
  if (mode == Mode::write) {
    // SQLite opens a file for reading where it may not write it, and says so at the first write.
    if (sqlite3_db_readonly(database_.getHandle(), "main") == 1)
      throw SQLite::Exception("the file may not be written", SQLITE_READONLY);
    use_wal(database_);
    database_.exec("PRAGMA journal_size_limit=67108864");
  }
  database_.exec(
      "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF");
  if (mode == Mode::read) database_.exec("PRAGMA query_only=ON");
  // In place of SQLite's own hook, which would checkpoint in the midst of a commit (checkpointer.h).
  const auto note_length = [](void* pages, sqlite3*, const char*, int length) {
    *static_cast<int*>(pages) = length;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.getHandle(), note_length, &pages_in_log_);
}

void Connection::checkpoint() { checkpoint(SQLITE_CHECKPOINT_PASSIVE, 0); }
void Connection::checkpoint_behind_readers() { checkpoint(SQLITE_CHECKPOINT_RESTART, 100); }

void Connection::checkpoint(int mode, int patience_ms) {
  if (patience_ms > 0) sqlite3_busy_timeout(database_.getHandle(), patience_ms);
  const int result = sqlite3_wal_checkpoint_v2(database_.getHandle(), nullptr, mode, nullptr, nullptr);
  if (patience_ms > 0) wait_for_no_lock();
  if (result != SQLITE_OK && result != SQLITE_BUSY) throw SQLite::Exception(database_.getHandle(), result);
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

sqlite3_stmt* Connection::prepared(Sql sql) {
  auto& known = statements_[sql.text()];
  if (known) return known.get();
  sqlite3_stmt* made = nullptr;
  sqlite3* const database = database_.getHandle();
  const int result = sqlite3_prepare_v3(database, sql.text(), -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (result != SQLITE_OK) throw SQLite::Exception(database, result);
  known.reset(made);
  return made;
}

int Connection::run(Sql sql, std::span<const Value> values, bool (*visit)(void*, const Row&), void* context) {
  sqlite3_stmt* const statement = prepared(sql);
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != values.size())
    throw std::logic_error(std::string("wrong number of parameters: ") + sql.text());
  const Resetting resetting(statement);
  for (std::size_t i = 0; i < values.size(); ++i) bind(statement, static_cast<int>(i) + 1, values[i]);
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW)
    if (visit != nullptr && !visit(context, Row(statement))) return 0;
  if (result != SQLITE_DONE) throw SQLite::Exception(database_.getHandle(), result);
  return sqlite3_changes(database_.getHandle());
}

void Connection::commit() {
  const Gathering gathering(database_.getHandle());
  execute("COMMIT");
}

void Connection::wait_for_no_lock() { sqlite3_busy_handler(database_.getHandle(), nullptr, nullptr); }

bool Connection::autocommit() { return sqlite3_get_autocommit(database_.getHandle()) != 0; }

int Session::run(Sql sql, std::initializer_list<Value> values, VisitRow visit, void* context) {
  return connection_.run(sql, {values.begin(), values.size()}, visit, context);
}

void Transaction::ring_when_kept(Bell& bell) {
  auto& bells = connection_.bells();
  if (std::ranges::find(bells, &bell) == bells.end()) bells.push_back(&bell);
}

void Transaction::before_commit(std::string key, std::function<void(Transaction&)> act) {
  connection_.closing().add(std::move(key), std::move(act));
}

std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }
std::string Row::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
bool Row::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
void Row::unknown_name(int column) const {
  throw std::runtime_error("the database holds \"" + text(column) + "\", which this program does not know");
}

}  // namespace svc::sql
