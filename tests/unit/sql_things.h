// A database of things that have names, as the tests of core/sql have it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "async/loop.h"
#include "sql/database.h"
#include "support/temp_dir.h"

namespace svc::test {

inline constexpr sql::Migration first{1, "things",
                                      "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"};
inline constexpr std::array one{first};

inline Steady::time_point in(milliseconds time) { return Steady::now() + time; }

inline std::int64_t count(sql::Database& database) {
  return database.read([](sql::Session& session) {
    return *session.first("SELECT COUNT(*) FROM things", [](const sql::Row& row) { return row.integer(0); });
  });
}

inline Task<Result<Nothing>> add(sql::Database& database, std::string name,
                                 Steady::time_point deadline = in(seconds{5})) {
  auto writing = database.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    transaction.execute("INSERT INTO things (name) VALUES (?)", name);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

inline Result<Nothing> add_now(sql::Database& database, const std::string& name, milliseconds time = seconds{5}) {
  return run_here([&] { return add(database, name, in(time)); });
}

}  // namespace svc::test
