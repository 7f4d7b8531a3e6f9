#include "sql/checkpointer.h"

#include <utility>

#include "async/priority.h"

namespace svc::sql {

Checkpointer::Checkpointer(std::filesystem::path file) : file_(std::move(file)), thread_([this] { work(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::ending;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::after_commit(Connection& writer) {
  const int pages = writer.pages_in_log();
  if (pages < too_long_log) waits_from_ = too_long_log;
  if (pages < long_log) return;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::asked) return;
    if (state_ == State::resting) {
      state_ = State::asked;
      changed_.notify_one();
      return;
    }
    state_ = State::resting;
    if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
  }
  if (pages < waits_from_) return writer.checkpoint();
  waits_from_ = pages + too_long_log;  // one who reads for long, or hangs, holds up one commit in so many pages
  writer.checkpoint_behind_readers();
}

void Checkpointer::work() {
  take_priority(Priority::low);  // works for milliseconds at a time; whose commit is on disk is to go first
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return state_ == State::asked || state_ == State::ending; });
    if (state_ == State::ending) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      Connection(file_, Connection::Mode::write).checkpoint();
    } catch (const SQLite::Exception&) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure;
    if (state_ == State::asked) state_ = State::moved;
  }
}

}  // namespace svc::sql
