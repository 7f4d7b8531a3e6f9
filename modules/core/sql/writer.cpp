#include "sql/writer.h"

#include <sqlite3.h>

#include <algorithm>

#include "async/bell.h"
#include "observe/log.h"

namespace svc::sql {
namespace {

constexpr std::size_t group_limit = 512;         // a group's last member waits for all of its first
constexpr std::size_t handful = 8;               // worth waking for, though more is to come
constexpr auto turn_patience = milliseconds{1};  // most turns take less; one that is stuck holds up no other loop
constexpr auto lock_poll = milliseconds{1};
constexpr auto probe_interval = seconds{1};

Error refused(std::string reason, std::string detail) {
  return fail(Code::unavailable, std::move(reason), std::move(detail)).value();
}

// Why what has met its deadline is refused.
Error too_late() { return {Code::timeout, "deadline_passed", "It waited beyond its deadline, and was not saved"}; }
Error storage_busy() { return refused("storage_busy", "Another process is writing; nothing was done"); }

bool is_busy(const SQLite::Exception& error) { return (error.getErrorCode() & 0xff) == SQLITE_BUSY; }

// Errors that say something about the disk or the machine, not about the statement.
bool is_storage_failure(const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return true;
    default: return false;
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Priority priority)
    : connection_(std::move(connection)), checkpointer_(connection_->raw().getFilename()) {
  connection_->wait_for_no_lock();  // begin() does, and minds the deadlines of those who wait
  thread_ = std::thread([this, priority] {
    take_priority(priority);
    work();
  });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  turns_->changed.notify_one();
  thread_.join();
}

void Writer::submit(Database::JobBase* job) {
  bool late = false, first = false, enough = false;
  {
    const std::lock_guard lock(mutex_);
    late = would_be_late(*job);
    first = !late && std::ranges::find(turns_->going_on, job->home) == turns_->going_on.end();
    if (!late) queue_.push_back(job);
    enough = !late && queue_.size() == handful;
    if (first) turns_->going_on.push_back(job->home);
  }
  if (late) {
    job->refused = refused("overloaded", "More waits to be saved than can be in time; nothing was done");
    job->home->post(job);
    return;
  }
  if (first) job->home->at_end_of_turn([turns = turns_, home = job->home] { turns->end(home); });
  if (enough) turns_->changed.notify_one();
}

void Writer::Turns::end(const Loop* loop) {
  {
    const std::lock_guard lock(mutex);
    std::erase(going_on, loop);
  }
  changed.notify_one();
}

// Whether so much waits already that its turn would come behind its deadline.
bool Writer::would_be_late(const Database::JobBase& job) const {
  if (queue_.empty() || job.deadline == Steady::time_point::max()) return false;
  return Steady::now() + pace_ * static_cast<std::int64_t>(queue_.size() + 1) > job.deadline;
}

// A moving average: the last group counts for a quarter.
void Writer::note_pace(const Group& group, Steady::duration took) {
  const auto each = took / static_cast<std::int64_t>(group.size());
  pace_ = counts_.commits == 0 ? each : (3 * pace_ + each) / 4;
}

std::optional<std::string> Writer::unwritable() const {
  if (!ill_) return std::nullopt;  // asked with every call to the module
  const std::lock_guard lock(mutex_);
  return unwritable_;
}

Database::Counts Writer::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Writer::work() {
  Group group;  // kept from round to round, as the queue is: neither grows anew
  while (true) {
    const auto limit = take_group(group);
    if (group.empty()) {
      const std::lock_guard lock(mutex_);
      if (stopping_ && queue_.empty()) return;
    }
    if (unwritable()) {
      refuse_all(group, refused("storage_unavailable", "The database cannot be written now"));
      probe();
    } else if (!group.empty()) {
      run_group(group, limit);
    }
    finish(group);
  }
}

// Waits for work; while the disk is out of order, only until the next probe is due. Answers until when others may join.
Steady::time_point Writer::take_group(Group& group) {
  std::unique_lock lock(mutex_);
  const auto any = [this] { return stopping_ || !queue_.empty(); };
  if (unwritable_) turns_->changed.wait_for(lock, probe_interval, any);
  else turns_->changed.wait(lock, any);
  const auto limit = Steady::now() + turn_patience;
  await_handful(lock, limit);
  take_queued(group);
  return limit;
}

// Adds to a group what has been left since; false: nothing, and nobody is about to leave any, or it has waited long
// enough.
bool Writer::take_more(Group& group, Steady::time_point limit) {
  if (Steady::now() >= limit) return false;
  std::unique_lock lock(mutex_);
  await_handful(lock, limit);
  const auto before = group.size();
  take_queued(group);
  lock.unlock();
  drop_late(group, before, too_late);
  return group.size() > before;
}

// Waits until there is enough to go on with, or no more to come for now.
void Writer::await_handful(std::unique_lock<std::mutex>& lock, Steady::time_point limit) {
  turns_->changed.wait_until(lock, limit,
                             [this] { return stopping_ || queue_.size() >= handful || turns_->going_on.empty(); });
}

void Writer::take_queued(Group& group) {
  const auto room = std::min(queue_.size(), group_limit - group.size());
  const auto last = queue_.begin() + static_cast<std::ptrdiff_t>(room);
  group.insert(group.end(), queue_.begin(), last);
  queue_.erase(queue_.begin(), last);
}

void Writer::run_group(Group& group, Steady::time_point limit) {
  const auto begun = Steady::now();
  try {
    if (!begin(group)) return;
    bool sound = run_together(group, limit);
    if (!sound) {
      connection_->execute("ROLLBACK");
      if (group.size() == 1 || !begin(group)) return;
      sound = run_apart(group);
    }
    if (!sound) {
      connection_->execute("ROLLBACK");
      return;
    }
  } catch (const SQLite::Exception& error) {
    storage_failed(error.what());
    refuse_all(group, refused("storage_unavailable", "The database cannot be written now"));
    return;
  }
  try {
    connection_->commit();
  } catch (const SQLite::Exception& error) {
    storage_failed(error.what());
    refuse_all(group, refused("commit_uncertain", "The disk failed while this was saved; it may have happened"));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    note_pace(group, Steady::now() - begun);
    counts_.transactions += group.size();
    ++counts_.commits;
  }
  for (Bell* const bell : connection_->bells()) bell->ring();  // while their owners still wait for their writes
  finish(group);                                               // before the log is minded: nobody need wait for that
  try {
    checkpointer_.after_commit(*connection_);
  } catch (const SQLite::Exception& error) {
    storage_failed(error.what());
  }
}

// Refuses the members, from one on, whose deadline has passed: the process may have hung meanwhile, and whoever asked
// may have asked elsewhere and gone on.
void Writer::drop_late(Group& group, std::size_t from, Error (*why)()) {
  const auto in_time = [now = Steady::now()](const auto* job) { return now < job->deadline; };
  const auto first = group.begin() + static_cast<std::ptrdiff_t>(from);
  if (std::all_of(first, group.end(), in_time)) return;  // nearly always
  const auto late = std::stable_partition(first, group.end(), in_time);
  Group expired(late, group.end());
  group.erase(late, group.end());
  refuse_all(expired, why());
  finish(expired);
}

// Gets the write lock. Members whose deadline passes before are refused and leave the group; false when none is left.
bool Writer::begin(Group& group) {
  drop_late(group, 0, too_late);
  while (!group.empty()) {
    try {
      connection_->execute("BEGIN IMMEDIATE");
      connection_->bells().clear();
      connection_->closing().clear();
      return true;
    } catch (const SQLite::Exception& error) {
      if (!is_busy(error)) throw;
    }
    drop_late(group, 0, storage_busy);
    if (!group.empty()) std::this_thread::sleep_for(lock_poll);
  }
  return false;
}

// Runs `act(Transaction&)`, and answers what it throws. Throws when the transaction as a whole is lost.
template <class Act>
std::exception_ptr Writer::attempt(Act act) {
  try {
    Transaction transaction(*connection_);
    act(transaction);
    return nullptr;
  } catch (const SQLite::Exception& error) {
    if (is_storage_failure(error)) throw;
    return std::current_exception();
  } catch (...) {
    return std::current_exception();
  }
}

// Runs a member; false: what it did is to be undone.
bool Writer::run_member(Database::JobBase& job) {
  bool kept = false;
  job.thrown = attempt([&](Transaction& transaction) { kept = job.execute(transaction); });
  return kept;
}

// Runs all members and those who join them, until one is to be undone; false then. A savepoint makes SQLite copy every
// page that is written behind it, so none is set before there is need of it.
bool Writer::run_together(Group& group, Steady::time_point limit) {
  std::size_t run = 0;
  do {
    while (run < group.size())
      if (!run_member(*group[run++])) return false;
  } while (take_more(group, limit));
  return close(group);
}

// Runs each member in its savepoint.
bool Writer::run_apart(Group& group) {
  for (auto* job : group) {
    const auto before = connection_->closing().size();
    connection_->execute("SAVEPOINT member");
    if (!run_member(*job)) {
      connection_->execute("ROLLBACK TO member");
      connection_->closing().cut(before);
    }
    connection_->execute("RELEASE member");
  }
  return close(group);
}

// Does what the members want done behind all of them; false, and each of them has the exception, when that fails.
bool Writer::close(Group& group) {
  const auto thrown = attempt([this](Transaction& transaction) { connection_->closing().run(transaction); });
  if (!thrown) return true;
  for (auto* job : group) job->thrown = thrown;
  return false;
}

void Writer::refuse_all(Group& group, const Error& error) {
  for (auto* job : group)
    if (!job->thrown) job->refused = error;
}

// Each loop gets all of its own at once, so that it wakes once.
void Writer::finish(Group& group) {
  for (auto first = group.begin(); first != group.end();) {
    Loop* const home = (*first)->home;
    const auto others = std::stable_partition(first, group.end(), [home](auto* job) { return job->home == home; });
    WorkList done;
    for (; first != others; ++first) done.push(*first);
    home->post(done);
  }
  group.clear();
}

void Writer::roll_back() {
  if (connection_->autocommit()) return;  // SQLite has done so itself, as it may after such an error
  try {
    connection_->execute("ROLLBACK");
  } catch (const SQLite::Exception& error) {
    log::error("rollback_failed", {{"file", connection_->raw().getFilename()}, {"why", error.what()}});
  }
}

void Writer::storage_failed(const std::string& what) {
  roll_back();
  log::error("database_unwritable", {{"file", connection_->raw().getFilename()}, {"why", what}});
  next_probe_ = Steady::now() + probe_interval;
  const std::lock_guard lock(mutex_);
  unwritable_ = what;
  ill_ = true;
}

void Writer::probe() {
  if (Steady::now() < next_probe_) return;
  next_probe_ = Steady::now() + probe_interval;
  try {
    connection_->execute("BEGIN IMMEDIATE");
    connection_->execute(
        "INSERT INTO svc_probe (id, tried) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET tried = tried + 1");
    connection_->commit();
  } catch (const SQLite::Exception& error) {
    roll_back();
    return;
  }
  log::info("database_writable", {{"file", connection_->raw().getFilename()}});
  const std::lock_guard lock(mutex_);
  unwritable_.reset();
  ill_ = false;
}

}  // namespace svc::sql
