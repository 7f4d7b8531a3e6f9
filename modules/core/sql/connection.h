// Connection: an SQLite connection and its prepared statements. Internal to core/sql.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "sql/closing.h"
#include "sql/session.h"

namespace svc::sql {

class Connection {
 public:
  enum class Mode { write, read };
  /// Throws SQLite::Exception.
  Connection(const std::filesystem::path& file, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Answers how many rows were changed. Throws SQLite::Exception, and std::logic_error when there are more or fewer
  /// values than parameters.
  int run(Sql sql, std::span<const Value> values, bool (*visit)(void*, const Row&), void* context);
  /// For statements without parameters or rows.
  void execute(Sql sql) { run(sql, {}, nullptr, nullptr); }
  /// Of a connection that writes: ends what BEGIN began.
  void commit();
  SQLite::Database& raw() { return database_; }
  /// From now on a lock that another process holds is answered with SQLITE_BUSY at once.
  void wait_for_no_lock();
  /// How long the write-ahead log was after this connection's last commit.
  int pages_in_log() const { return pages_in_log_; }
  /// Moves what can be moved from the log to the file without waiting for anybody.
  void checkpoint();
  /// Moves all, and waits, 100 ms at most, until nobody reads from the log any more; new readers do not wait. If it
  /// comes to that, the log begins anew with the next commit. Of a connection that waits for no lock.
  void checkpoint_behind_readers();
  /// Bells to be rung once the open transaction is on disk; each once.
  std::vector<Bell*>& bells() { return bells_; }
  /// What is to be done before the open transaction is committed.
  Closing& closing() { return closing_; }
  /// False while a transaction is open. SQLite ends one by itself after some errors (FULL, IOERR, NOMEM).
  bool autocommit();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3_stmt* prepared(Sql sql);
  void checkpoint(int mode, int patience_ms);

  SQLite::Database database_;
  int pages_in_log_ = 0;
  std::vector<Bell*> bells_;
  Closing closing_;
  // By the address of the literal: one comparison, and the same statement always has the same one.
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace svc::sql
