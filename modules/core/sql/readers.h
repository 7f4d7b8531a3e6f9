// Readers: a database's connections that read. Internal to core/sql.
//
// To begin a transaction and to end it costs a small read more than its statement does: locks of the log, two system
// calls. So a loop keeps the one it has until the end of its turn, for what else it reads, as long as another would
// show no more: each commit, of whatever process, changes the head of the index of the log, which is memory that all
// share (sqlite.org/walformat.html, section 2.1). What is compared is the head, so nobody reads less than was answered
// before.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "sql/connection.h"

namespace svc::sql {

/// A connection and the transaction that it is in, if any. Not thread-safe.
struct Reader {
  explicit Reader(const std::filesystem::path& file) : connection(file, Connection::Mode::read) {}

  /// Sees to it that there is a transaction, and that it shows all that is committed by now.
  void begin();
  /// Ends the transaction, if there is one.
  void end();
  /// Whether its log is long and not at rest: to begin anew it needs a moment without a transaction.
  bool stands_in_the_way() const;

  Connection connection;

 private:
  using LogHead = std::array<std::uint64_t, 6>;
  bool shows_newest() const;
  LogHead log_head() const;

  bool open_ = false;
  std::uint64_t* index_ = nullptr;  // once the log is open
  LogHead head_{};                  // when the transaction was begun, or before
};

/// Thread-safe.
class Readers : public std::enable_shared_from_this<Readers> {
 public:
  explicit Readers(std::filesystem::path file) : file_(std::move(file)) {}

  /// One for a read, begun.
  std::unique_ptr<Reader> take();
  /// After a read. On a loop its transaction goes on until the end of the loop's turn, but where the log has become
  /// long: where many loops and processes read, there would always be one in its way.
  void keep(std::unique_ptr<Reader> reader);
  /// After a read that failed.
  void end(std::unique_ptr<Reader> reader);

 private:
  /// A loop in the midst of a turn.
  struct Turn {
    const Loop* loop;
    std::unique_ptr<Reader> reader;  ///< null while it reads
  };
  Turn* turn_of(const Loop* loop);
  std::unique_ptr<Reader> find();
  void end_turn(const Loop* loop);

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_;
  std::vector<Turn> turns_;  // in which something was read
};

}  // namespace svc::sql
