// Reading: a read that is going on. Internal to core/sql.
#pragma once

#include <memory>

namespace svc::sql {

class Connection;
class Readers;
struct Reader;

/// Holds a connection for one read, in a transaction that shows all that is committed when it begins. Throws
/// SQLite::Exception when there is none to be had.
class Reading {
 public:
  /// `readers` outlives it.
  explicit Reading(Readers& readers);
  ~Reading();
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  Connection& connection();

 private:
  Readers& readers_;
  std::unique_ptr<Reader> reader_;
  const int exceptions_;  // under way when it began
};

}  // namespace svc::sql
