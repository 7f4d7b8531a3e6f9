// Writer: the one thread that writes a database, many transactions to an fsync. Internal to core/sql.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sql/checkpointer.h"
#include "sql/connection.h"
#include "sql/database.h"

namespace svc::sql {

class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, Priority priority);
  /// Finishes what is queued.
  ~Writer();

  void submit(Database::JobBase* job);
  std::optional<std::string> unwritable() const;
  Database::Counts counts() const;

 private:
  using Group = std::vector<Database::JobBase*>;

  void work();
  void take_group(Group& group);
  bool would_be_late(const Database::JobBase& job) const;
  void note_pace(const Group& group, Steady::duration took);
  void run_group(Group& group);
  bool begin(Group& group);
  template <class Act>
  std::exception_ptr attempt(Act act);
  bool run_member(Database::JobBase& job);
  bool run_together(Group& group);
  bool run_apart(Group& group);
  bool close(Group& group);
  void refuse_all(Group& group, const Error& error);
  void finish(Group& group);
  void storage_failed(const std::string& what);
  void roll_back();
  void probe();

  const std::unique_ptr<Connection> connection_;
  Checkpointer checkpointer_;
  Steady::time_point next_probe_{};
  mutable std::mutex mutex_;
  // Outlives the writer where a loop has yet to ring it.
  const std::shared_ptr<std::condition_variable> filled_ = std::make_shared<std::condition_variable>();
  std::vector<Database::JobBase*> queue_;  // guarded by mutex_, as all below
  bool stopping_ = false;
  std::optional<std::string> unwritable_;
  std::atomic<bool> ill_{false};  // whether unwritable_ is set
  Database::Counts counts_;
  Steady::duration pace_{};  // what a transaction has taken of late, its share of the commit included
  std::thread thread_;
};

}  // namespace svc::sql
