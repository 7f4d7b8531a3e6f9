#include "sql/gathering_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace svc::sql {

// SQLite owns its memory; that of the file below follows it.
struct Log : sqlite3_file {
  sqlite3_file* below = nullptr;
  sqlite3_int64 length = 0;   // of the file
  bool gathering = false;     // whether there is a Gathering
  sqlite3_int64 start = 0;    // of what waits
  std::vector<char> waiting;  // never longer than longest_write

  bool continued_by(sqlite3_int64 offset) const {
    return !waiting.empty() && offset == start + static_cast<sqlite3_int64>(waiting.size());
  }
};

namespace {

// SQLite's layer for Unix writes 128 KiB less a byte at a time, and without a word no more than that.
constexpr std::size_t longest_write = 64 * 1024;

// By how much a log grows beyond what is written to it: half of what it has, between these.
constexpr sqlite3_int64 least_growth = 64 * 1024, most_growth = 1024 * 1024;

constexpr std::size_t alignment = alignof(std::max_align_t);
constexpr std::size_t below_at = (sizeof(Log) + alignment - 1) / alignment * alignment;

Log& log_of(sqlite3_file* file) { return *static_cast<Log*>(file); }

int write_below(Log& log, const void* data, std::size_t size, sqlite3_int64 offset) {
  const int result = log.below->pMethods->xWrite(log.below, data, static_cast<int>(size), offset);
  if (result == SQLITE_OK) log.length = std::max(log.length, offset + static_cast<sqlite3_int64>(size));
  return result;
}

// Writes zeros behind the end, which SQLite takes for what they are, no frames (sqlite.org/fileformat2.html, section
// 4.2). Where they cannot be written the log does without: the next write will tell if there is no room.
void grow(Log& log) {
  static constexpr std::array<char, longest_write> zeros{};
  const auto end = log.length + std::clamp(log.length / 2, least_growth, most_growth);
  while (log.length < end) {
    const auto piece = std::min<sqlite3_int64>(end - log.length, zeros.size());
    if (write_below(log, zeros.data(), static_cast<std::size_t>(piece), log.length) != SQLITE_OK) return;
  }
}

int write_now(Log& log, const void* data, std::size_t size, sqlite3_int64 offset) {
  const auto before = log.length;
  const int result = write_below(log, data, size, offset);
  if (log.length > before) grow(log);
  return result;
}

// What could not be written is given up: SQLite undoes the commit that it is part of, and writes there again.
int write_out(Log& log) {
  if (log.waiting.empty()) return SQLITE_OK;
  const int result = write_now(log, log.waiting.data(), log.waiting.size(), log.start);
  log.waiting.clear();
  return result;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  Log& log = log_of(file);
  const auto* bytes = static_cast<const char*>(data);
  const auto length = static_cast<std::size_t>(size);
  const bool fits = log.waiting.size() + length <= longest_write;
  if (!log.continued_by(offset) || !fits) {
    if (const int result = write_out(log); result != SQLITE_OK) return result;
    if (!log.gathering || length > longest_write) return write_now(log, data, length, offset);
    log.start = offset;
  }
  log.waiting.insert(log.waiting.end(), bytes, bytes + length);  // there is room: Gathering saw to it
  return SQLITE_OK;
}

// `method` of the file below.
template <auto method, class... Args>
int below(sqlite3_file* file, Args... args) {
  Log& log = log_of(file);
  return (log.below->pMethods->*method)(log.below, args...);
}

// The same when it has got all that was written.
template <auto method, class... Args>
int after_writing_out(sqlite3_file* file, Args... args) {
  const int result = write_out(log_of(file));
  return result != SQLITE_OK ? result : below<method>(file, args...);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int result = after_writing_out<&sqlite3_io_methods::xTruncate>(file, size);
  if (result == SQLITE_OK) log_of(file).length = size;
  return result;
}

int close(sqlite3_file* file) {
  const int closed = below<&sqlite3_io_methods::xClose>(file);
  std::destroy_at(&log_of(file));
  return closed;
}

constexpr sqlite3_io_methods log_methods{
    .iVersion = 1,
    .xClose = close,
    .xRead = after_writing_out<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = after_writing_out<&sqlite3_io_methods::xSync, int>,
    .xFileSize = after_writing_out<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = below<&sqlite3_io_methods::xLock, int>,
    .xUnlock = below<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = below<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = below<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = below<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = below<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs& system_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  if (found == nullptr) throw std::runtime_error("SQLite knows no files on this system");
  return *found;
}

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* opened) {
  sqlite3_vfs& system = system_vfs();
  if ((flags & SQLITE_OPEN_WAL) == 0) return system.xOpen(&system, path, file, flags, opened);
  auto* const log = new (file) Log;
  log->pMethods = nullptr;
  log->below = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + below_at);
  if (const int result = system.xOpen(&system, path, log->below, flags, opened); result != SQLITE_OK) {
    std::destroy_at(log);
    return result;
  }
  log->pMethods = &log_methods;
  const int measured = below<&sqlite3_io_methods::xFileSize>(log, &log->length);
  if (measured != SQLITE_OK) {
    close(log);
    log->pMethods = nullptr;
  }
  return measured;
}

sqlite3_vfs& registered_vfs() {
  static sqlite3_vfs made = [] {
    sqlite3_vfs copy = system_vfs();
    copy.zName = "svc-gathering";
    copy.pNext = nullptr;
    copy.szOsFile += static_cast<int>(below_at);
    copy.xOpen = open;
    return copy;
  }();
  static const int registered = sqlite3_vfs_register(&made, 0);
  if (registered != SQLITE_OK) throw std::runtime_error("SQLite does not take the file layer of ours");
  return made;
}

// Null when the database has none open.
Log* find_log(sqlite3* database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file));
  return file != nullptr && file->pMethods == &log_methods ? static_cast<Log*>(file) : nullptr;
}

}  // namespace

Gathering::Gathering(sqlite3* database) : log_(find_log(database)) {
  if (log_ == nullptr) return;
  log_->waiting.reserve(longest_write);
  log_->gathering = true;
}

Gathering::~Gathering() {
  if (log_ == nullptr) return;
  log_->gathering = false;
  log_->waiting.clear();
}

const char* gathering_vfs() { return registered_vfs().zName; }

}  // namespace svc::sql
