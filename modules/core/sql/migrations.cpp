#include "sql/migrations.h"

#include <map>
#include <stdexcept>
#include <string>

#include "base/clock.h"
#include "base/fnv1a.h"
#include "sql/connection.h"

namespace svc::sql {
namespace {

// Tells an edited migration from the one that was applied.
std::int64_t checksum(std::string_view text) { return static_cast<std::int64_t>(fnv1a(text)); }

}  // namespace

void migrate(Connection& connection, Migrations migrations, std::string_view file) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error("database " + std::string(file) + " " + what);
  };
  connection.execute("BEGIN IMMEDIATE");
  connection.execute(
      "CREATE TABLE IF NOT EXISTS svc_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
      "checksum INTEGER NOT NULL, applied_at INTEGER NOT NULL)");
  // Written to find out whether writing works again (writer.cpp).
  connection.execute("CREATE TABLE IF NOT EXISTS svc_probe (id INTEGER PRIMARY KEY, tried INTEGER NOT NULL)");
  std::map<std::int64_t, std::int64_t> applied;
  const auto note = [](void* into, const Row& row) {
    (*static_cast<std::map<std::int64_t, std::int64_t>*>(into))[row.integer(0)] = row.integer(1);
    return true;
  };
  connection.run("SELECT number, checksum FROM svc_migrations", {}, note, &applied);

  const auto newest = migrations.empty() ? 0 : migrations.back().number;
  if (!applied.empty() && applied.rbegin()->first > newest)
    fail("has schema " + std::to_string(applied.rbegin()->first) + " and this program knows only " +
         std::to_string(newest) + ": it was made by a newer svc. Start that one, or restore a backup");
  for (const auto& migration : migrations) {
    if (const auto known = applied.find(migration.number); known != applied.end()) {
      if (known->second != checksum(migration.sql))
        fail("was made with another migration " + std::to_string(migration.number) + " (" +
             std::string(migration.name) + "): migrations are never edited, only added");
      continue;
    }
    connection.raw().exec(std::string(migration.sql));
    const std::initializer_list<Value> values{migration.number, migration.name, checksum(migration.sql),
                                              SystemClock{}.now()};
    connection.run("INSERT INTO svc_migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
                   {values.begin(), values.size()}, nullptr, nullptr);
  }
  connection.commit();
}

}  // namespace svc::sql
