// Writer: the one thread that writes a database, many transactions to an fsync. Internal to core/sql.
//
// A group begins when there is a handful, or what there is was left in turns that are over. Others join it until no
// loop is in a turn in which it has left something, for a millisecond in all, and it is committed then.
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
  Steady::time_point take_group(Group& group);
  bool take_more(Group& group, Steady::time_point limit);
  void await_handful(std::unique_lock<std::mutex>& lock, Steady::time_point limit);
  void take_queued(Group& group);
  bool would_be_late(const Database::JobBase& job) const;
  void note_pace(const Group& group, Steady::duration took);
  void run_group(Group& group, Steady::time_point limit);
  void drop_late(Group& group, std::size_t from, Error (*why)());
  bool begin(Group& group);
  template <class Act>
  std::exception_ptr attempt(Act act);
  bool run_member(Database::JobBase& job);
  bool run_together(Group& group, Steady::time_point limit);
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
  // Loops that are in the midst of a turn in which they have left something here. Outlives the writer where such a turn
  // has yet to end.
  struct Turns {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<const Loop*> going_on;
    void end(const Loop* loop);
  };
  const std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
  std::mutex& mutex_ = turns_->mutex;
  std::vector<Database::JobBase*> queue_;  // guarded by mutex_, as all below
  bool stopping_ = false;
  std::optional<std::string> unwritable_;
  std::atomic<bool> ill_{false};  // whether unwritable_ is set
  Database::Counts counts_;
  Steady::duration pace_{};  // what a transaction has taken of late, its share of the commit included
  std::thread thread_;
};

}  // namespace svc::sql
