#include "sql/readers.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>

#include "sql/checkpointer.h"
#include "sql/reading.h"

namespace svc::sql {
namespace {

constexpr int index_region = 32 * 1024;  // as SQLite maps it

// The index of the log, where it is mapped by now; it stays as long as the connection.
std::uint64_t* find_index(sqlite3* database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2) return nullptr;
  volatile void* index = nullptr;
  if (file->pMethods->xShmMap(file, 0, index_region, 0, &index) != SQLITE_OK) return nullptr;
  return static_cast<std::uint64_t*>(const_cast<void*>(index));
}

std::uint64_t load(std::uint64_t& word) { return std::atomic_ref<std::uint64_t>(word).load(std::memory_order_relaxed); }

}  // namespace

// Not of one moment if a commit changes it meanwhile; then it is like none that will be found.
Reader::LogHead Reader::log_head() const {
  LogHead head{};
  for (std::size_t i = 0; i < head.size(); ++i) head[i] = load(index_[i]);
  return head;
}

bool Reader::shows_newest() const { return index_ != nullptr && log_head() == head_; }

bool Reader::stands_in_the_way() const {
  if (index_ == nullptr) return false;
  const auto at = [this](std::size_t byte) {
    const auto word = load(index_[byte / sizeof *index_]);
    std::uint32_t half = 0;
    std::memcpy(&half, reinterpret_cast<const char*>(&word) + byte % sizeof *index_, sizeof half);
    return half;
  };
  const auto pages = at(16), moved = at(96);  // mxFrame and nBackfill
  return pages >= std::uint32_t{long_log} && moved < pages;
}

void Reader::begin() {
  if (open_ && shows_newest()) return;
  end();
  if (index_ != nullptr) head_ = log_head();  // before the transaction, which then shows this or more
  connection.execute("BEGIN");
  open_ = true;
}

void Reader::end() {
  if (!open_) return;
  connection.execute("COMMIT");
  open_ = false;
  if (index_ == nullptr) index_ = find_index(connection.raw().getHandle());
}

Readers::Turn* Readers::turn_of(const Loop* loop) {
  const auto found = std::ranges::find(turns_, loop, &Turn::loop);
  return found == turns_.end() ? nullptr : &*found;
}

std::unique_ptr<Reader> Readers::find() {
  const Loop* const loop = Loop::current_or_null();
  const std::lock_guard lock(mutex_);
  if (Turn* const turn = turn_of(loop); turn != nullptr && turn->reader) return std::move(turn->reader);
  if (idle_.empty()) return nullptr;
  auto reader = std::move(idle_.back());
  idle_.pop_back();
  return reader;
}

std::unique_ptr<Reader> Readers::take() {
  auto reader = find();
  if (!reader) reader = std::make_unique<Reader>(file_);
  reader->begin();
  return reader;
}

void Readers::keep(std::unique_ptr<Reader> reader) {
  Loop* const loop = Loop::current_or_null();
  if (loop != nullptr && !reader->stands_in_the_way()) {
    const std::lock_guard lock(mutex_);
    Turn* turn = turn_of(loop);
    if (turn == nullptr) {
      turn = &turns_.emplace_back(Turn{loop, nullptr});
      loop->at_end_of_turn([self = shared_from_this(), loop] { self->end_turn(loop); });
    }
    if (!turn->reader) std::swap(turn->reader, reader);
  }
  if (reader) end(std::move(reader));
}

void Readers::end(std::unique_ptr<Reader> reader) {
  try {
    reader->end();
  } catch (const SQLite::Exception&) {
    return;  // closed with the connection, which nobody gets again
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(reader));
}

void Readers::end_turn(const Loop* loop) {
  std::unique_ptr<Reader> reader;
  {
    const std::lock_guard lock(mutex_);
    reader = std::move(turn_of(loop)->reader);
    std::erase_if(turns_, [loop](const Turn& turn) { return turn.loop == loop; });
  }
  if (reader) end(std::move(reader));
}

Reading::Reading(Readers& readers)
    : readers_(readers), reader_(readers.take()), exceptions_(std::uncaught_exceptions()) {}

Reading::~Reading() {
  if (std::uncaught_exceptions() == exceptions_) readers_.keep(std::move(reader_));
  else readers_.end(std::move(reader_));
}

Connection& Reading::connection() { return reader_->connection; }

}  // namespace svc::sql
