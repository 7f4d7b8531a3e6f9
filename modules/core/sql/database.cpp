#include "sql/database.h"

#include <sys/stat.h>

#include <stdexcept>

#include "sql/connection.h"
#include "sql/writer.h"

namespace svc::sql {

Database::Database(std::filesystem::path file, Migrations migrations, Priority priority) : file_(std::move(file)) {
  std::error_code error;
  if (!file_.parent_path().empty()) std::filesystem::create_directories(file_.parent_path(), error);
  if (error) throw std::runtime_error("cannot make directory " + file_.parent_path().string() + ": " + error.message());
  try {
    auto connection = std::make_unique<Connection>(file_, Connection::Mode::write);
    migrate(*connection, migrations, file_.string());
    writer_ = std::make_unique<Writer>(std::move(connection), priority);
  } catch (const SQLite::Exception& failure) {
    throw std::runtime_error("cannot open database " + file_.string() + ": " + failure.what());
  }
}

Database::~Database() = default;

void Database::submit(JobBase* job) { writer_->submit(job); }
std::optional<std::string> Database::unwritable() const { return writer_->unwritable(); }
Database::Counts Database::counts() const { return writer_->counts(); }

std::unique_ptr<Connection> Database::take_reader() {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      auto connection = std::move(readers_.back());
      readers_.pop_back();
      return connection;
    }
  }
  return std::make_unique<Connection>(file_, Connection::Mode::read);
}

Database::Reader::Reader(Database& database, Extent extent)
    : database_(database), extent_(extent), connection_(database.take_reader()), session_(*connection_) {
  if (extent_ == Extent::transaction) connection_->execute("BEGIN");
  else connection_->allow_one();
}

Database::Reader::~Reader() {
  try {
    if (extent_ == Extent::transaction) connection_->execute("COMMIT");
    else connection_->allow_all();
  } catch (const SQLite::Exception&) {
    return;  // closed with the connection, which nobody gets again
  }
  const std::lock_guard lock(database_.readers_mutex_);
  database_.readers_.push_back(std::move(connection_));
}

}  // namespace svc::sql
