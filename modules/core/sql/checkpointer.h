// Checkpointer: moves what is in a database's write-ahead log into its file. Internal to core/sql.
//
// SQLite by itself does this in the commit that makes the log long, and everybody who waits for that commit waits
// for it. Here a thread of its own does it beside the writer, who goes on adding to the log; the writer then only
// moves what was added meanwhile, so that the log begins anew, unless somebody is reading from it just then. (SQLite,
// "Write-Ahead Logging", sections 2.1 and 6.)
#pragma once

#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

#include "sql/connection.h"

namespace svc::sql {

/// From so many pages on, 16 MiB, a log is to begin anew.
constexpr int long_log = 4'000;
/// From so many on it is waited for those who read, since there may always be one.
constexpr int too_long_log = 4 * long_log;

class Checkpointer {
 public:
  explicit Checkpointer(std::filesystem::path file);
  /// Lets what is being moved come to its end.
  ~Checkpointer();

  /// Told by the writer after each commit, on its thread. Seldom takes more than a look. Throws SQLite::Exception
  /// when the file cannot be written; what is in the log is safe then.
  void after_commit(Connection& writer);

 private:
  enum class State { resting, asked, moved, ending };
  void work();

  const std::filesystem::path file_;
  int waits_from_ = too_long_log;  // pages; the writer's
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::resting;  // guarded by mutex_, as the next
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace svc::sql
