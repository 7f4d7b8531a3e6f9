// Migrations: numbered SQL files that bring a module's database to the form this program knows. They are part
// of the executable (CMake: svc_migrations).
#pragma once

#include <span>
#include <string_view>

namespace svc::sql {

struct Migration {
  int number;             ///< from 1, without gaps
  std::string_view name;  ///< of the file, without number and ending
  std::string_view sql;
};
using Migrations = std::span<const Migration>;

class Connection;

/// Applies what is missing, all in one transaction. Processes that start at once agree on who does it.
/// Throws std::runtime_error when the database was made by a newer program, or by other migrations under the
/// same numbers.
void migrate(Connection& connection, Migrations migrations, std::string_view file);

}  // namespace svc::sql
