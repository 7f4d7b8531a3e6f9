#include "sql/database.h"

#include <sys/stat.h>

#include <stdexcept>

#include "sql/connection.h"
#include "sql/readers.h"
#include "sql/writer.h"

namespace svc::sql {

Database::Database(const std::filesystem::path& file, Migrations migrations, Priority priority)
    : readers_(std::make_shared<Readers>(file)) {
  std::error_code error;
  if (!file.parent_path().empty()) std::filesystem::create_directories(file.parent_path(), error);
  if (error) throw std::runtime_error("cannot make directory " + file.parent_path().string() + ": " + error.message());
  try {
    auto connection = std::make_unique<Connection>(file, Connection::Mode::write);
    migrate(*connection, migrations, file.string());
    writer_ = std::make_unique<Writer>(std::move(connection), priority);
  } catch (const SQLite::Exception& failure) {
    throw std::runtime_error("cannot open database " + file.string() + ": " + failure.what());
  }
}

Database::~Database() = default;

void Database::submit(JobBase* job) { writer_->submit(job); }
std::optional<std::string> Database::unwritable() const { return writer_->unwritable(); }
Database::Counts Database::counts() const { return writer_->counts(); }

}  // namespace svc::sql
