// The file layer under SQLite (sqlite.org/vfs.html) that writes what a commit adds to the write-ahead log in few calls.
// Internal to core/sql.
//
// SQLite hands over each page of a commit in two writes, its head and itself: seventy calls for a group of orders.
// Here, while a Gathering lives, what continues the write before it waits in memory, and goes to the file in one piece:
// before the log is synced, read or cut, and when it has grown long. All else is the system's own layer.
//
// And where the log grows, it grows by more than is written, as zeros: to sync a file that has become longer takes half
// as long again as one that has not (ext4: 201 us to 141), since where it ends is to be on disk too.
//
// Nothing waits longer than for its commit: what another process then writes at the same place must not be written over
// by what was undone here.
#pragma once

struct sqlite3;

namespace svc::sql {

struct Log;  // one that is open

/// Around a COMMIT. Only of a connection opened with gathering_vfs(), and with synchronous=FULL: such a one syncs the
/// log before it tells others that it has grown (sqlite.org, "Write-Ahead Logging", section 2); one with less would
/// tell of what is in no file.
class Gathering {
 public:
  explicit Gathering(sqlite3* database);
  /// What still waits is given up: its commit has failed.
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 private:
  Log* const log_;
};

/// The name to open a database with. Thread-safe. Throws std::runtime_error when SQLite has no file layer at all.
const char* gathering_vfs();

}  // namespace svc::sql
