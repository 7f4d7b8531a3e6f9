// Database: one module's data, in SQLite (WAL mode, synchronous=FULL: what was answered is on disk).
//
// Reads run at once on the caller's thread, each on a snapshot that shows all that was answered before. Writes of all
// callers are queued to one writer thread, which runs as many as are waiting in one transaction and pays one fsync for
// all of them. A write that fails takes no other with it: all are undone then, and run again in a savepoint each. A
// caller waits as a coroutine, without a thread; a commit waits for the turns of the loops that write in it, so that
// what was resumed together is written together.
//
// Other processes may use the same file. The writer asks for the write lock every millisecond until it gets it
// (SQLite's own back-off starves one of two busy writers), and refuses what has met its deadline meanwhile.
//
// When more waits than can be written by a caller's deadline, the caller is refused at once (Code::unavailable, reason
// overloaded), so that a flood does not make everybody late. Whose deadline has passed when his turn comes is refused
// too (Code::timeout, reason deadline_passed): the process may have hung, and he may have asked elsewhere meanwhile.
// What has been refused, for either reason or a lock (storage_busy), is not saved.
//
// When the disk fails: a failed commit means "it may have happened" and is answered so (Code::unavailable,
// reason commit_uncertain). From then on writes are refused at once and unwritable() says why, until a small
// write of the database's own, tried every second, succeeds. Reads are served throughout.
#pragma once

#include <coroutine>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "async/loop.h"
#include "async/priority.h"
#include "async/task.h"
#include "base/error.h"
#include "sql/migrations.h"
#include "sql/reading.h"
#include "sql/session.h"

namespace svc::sql {

class Writer;

/// The deadline for noting what has happened outside of the database, and would happen again if that were refused:
/// longer than most disks stall. It has an end because a stop waits for it.
inline Steady::time_point deadline_of_a_note() { return Steady::now() + seconds{60}; }

class Database {
 public:
  /// Opens or makes the file and its directory, and migrates it. Throws std::runtime_error, with a message for
  /// the operator, when that cannot be done.
  /// `priority`: of the thread that writes.
  Database(const std::filesystem::path& file, Migrations migrations, Priority priority = Priority::normal);
  /// Finishes the writes that are queued.
  ~Database();

  /// Runs `work(Session&)`; everything it reads is of one moment. Thread-safe.
  template <class Do>
  auto read(Do&& work) -> std::invoke_result_t<Do&, Session&> {
    Reading reading(*readers_);
    Session session(reading.connection());
    return work(session);
  }

  /// Runs `work(Transaction&)`, which answers a Result, on the writer's thread: it may touch what its caller
  /// holds, since the caller waits, and must not wait itself. A Result with an error undoes what it did, and so
  /// does an exception, which is thrown on to the caller. A value comes back once it is on disk. It may be run a
  /// second time, when somebody else's write fails, and that time may never come, should the deadline pass before; what
  /// it leaves with its caller must be as if it had run once, or not at all.
  template <class Do>
  auto write(Steady::time_point deadline, Do work) -> Task<std::invoke_result_t<Do&, Transaction&>> {
    Job<Do> job(std::move(work), deadline);
    submit(&job);
    co_await job;
    if (job.thrown) std::rethrow_exception(job.thrown);
    if (job.refused) co_return fail(std::move(*job.refused));
    co_return std::move(*job.result);
  }

  /// Why writes are refused, while they are. Thread-safe.
  std::optional<std::string> unwritable() const;
  /// Transactions and commits so far, for measuring. Thread-safe.
  struct Counts {
    std::uint64_t transactions = 0, commits = 0;
  };
  Counts counts() const;

 private:
  friend class Writer;
  struct JobBase : Work {
    explicit JobBase(Steady::time_point limit) : deadline(limit) {}
    virtual ~JobBase() = default;
    /// Whether what was done is to be kept.
    virtual bool execute(Transaction& transaction) = 0;

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) { awaiting = handle; }
    void await_resume() {}

    const Steady::time_point deadline;
    Loop* const home = &Loop::current();
    std::coroutine_handle<> awaiting;
    std::optional<Error> refused;
    std::exception_ptr thrown;
  };
  template <class Do>
  struct Job final : JobBase {
    Job(Do&& w, Steady::time_point limit) : JobBase(limit), work(std::move(w)) {
      this->run = [](Work* self) { static_cast<Job*>(self)->awaiting.resume(); };
    }
    bool execute(Transaction& transaction) override {
      result.emplace(work(transaction));
      return result->has_value();
    }
    Do work;
    std::optional<std::invoke_result_t<Do&, Transaction&>> result;
  };
  void submit(JobBase* job);

  std::shared_ptr<Readers> readers_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace svc::sql
