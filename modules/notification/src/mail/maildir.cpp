#include "mail/maildir.h"

#include <unistd.h>

#include <system_error>

#include "base/files.h"
#include "base/ids.h"

namespace svc::notification {

namespace fs = std::filesystem;
namespace {

constexpr std::chrono::hours leftovers_interval{1};

tl::unexpected<Error> unwritable(const std::system_error& failure) {
  return fail(Code::unavailable, "maildir_unwritable", failure.what());
}

}  // namespace

Maildir::Maildir(fs::path directory) : tmp_(directory / "tmp"), new_(directory / "new"), cur_(directory / "cur") {
  for (const auto& part : {tmp_, new_, cur_}) {
    make_directories(part);
    if (::access(part.c_str(), R_OK | W_OK | X_OK) != 0)
      throw std::system_error(errno, std::generic_category(), "cannot use " + part.string());
  }
}

Task<Result<Nothing>> Maildir::send(Mail mail, Steady::time_point deadline) {
  auto delivering = pool_.run([this, mail = std::move(mail), deadline] { return deliver(mail, deadline); });
  auto delivered = co_await delivering;
  if (!delivered) co_return refusal(delivered);
  if (!*delivered) co_return refusal(*delivered);
  // Behind those that were waiting to be delivered: so one is for all of them.
  auto saving = pool_.run([this, number = **delivered] { return save_names(number); });
  auto saved = co_await saving;
  if (!saved) co_return refusal(saved);
  co_return std::move(*saved);
}

Result<std::int64_t> Maildir::deliver(const Mail& mail, Steady::time_point deadline) {
  const auto now = Steady::now();
  if (now >= deadline) return fail(Code::timeout, "deadline", "Its turn came too late");
  auto message = render(mail);
  if (!message) return refusal(message);
  try {
    if (now >= next_look_) {
      remove_leftovers();
      next_look_ = now + leftovers_interval;
    }
    if (!mail.again || !holds(mail.id)) write(mail.id, message->text);
  } catch (const std::system_error& failure) {
    return unwritable(failure);
  }
  return ++delivered_;  // also where it was there before: whoever put it there may have died before its name
                        // was saved
}

// Sees to it that the names of the first `number` delivered are on disk.
Result<Nothing> Maildir::save_names(std::int64_t number) {
  if (saved_ >= number) return Nothing{};
  try {
    sync_directory(new_);
  } catch (const std::system_error& failure) {
    return unwritable(failure);
  }
  saved_ = delivered_;
  return Nothing{};
}

void Maildir::write(const std::string& id, const std::string& text) const {
  const auto temporary = tmp_ / (id + "." + std::to_string(::getpid()) + "." + std::to_string(random_bits()));
  write_new_file(temporary, text);
  if (::rename(temporary.c_str(), (new_ / id).c_str()) == 0) return;
  const int error = errno;
  ::unlink(temporary.c_str());
  throw std::system_error(error, std::generic_category(), "cannot make " + (new_ / id).string());
}

// A file is moved from new/ to cur/, never back; so one that is in neither, in this order, was in neither.
bool Maildir::holds(const std::string& id) const {
  if (fs::exists(new_ / id)) return true;
  for (const auto& entry : fs::directory_iterator(cur_)) {
    const auto name = entry.path().filename().string();
    if (name == id || name.starts_with(id + ":")) return true;
  }
  return false;
}

// What a delivery that was cut short left in tmp/. After 36 hours nobody is at it any more, says the
// convention.
void Maildir::remove_leftovers() const {
  const auto bound = fs::file_time_type::clock::now() - std::chrono::hours{36};
  for (const auto& entry : fs::directory_iterator(tmp_)) {
    std::error_code gone;  // another process may be removing it as well
    const auto written = entry.last_write_time(gone);
    if (!gone && written < bound) fs::remove(entry.path(), gone);
  }
}

}  // namespace svc::notification
