// Maildir: mail as files that any mail program reads (https://cr.yp.to/proto/maildir.html). A file is written
// whole to tmp/, and then moved to new/, from where readers move it to cur/ and add flags to its name.
#pragma once

#include <filesystem>

#include "async/pool.h"
#include "mail/mailer.h"

namespace svc::notification {

class Maildir final : public Mailer {
 public:
  /// Makes `directory` with its tmp, new and cur where they are missing, mode 0700. Throws std::runtime_error
  /// that names the path.
  explicit Maildir(std::filesystem::path directory);

  /// What it said it delivered is on disk. A mail that says `again` is there once, also where a reader has moved it,
  /// unless two processes deliver it at the same moment that a reader takes it; one that was deleted comes again.
  /// Code::unavailable, reason "maildir_unwritable", when it cannot be written: then nothing of it is in
  /// new/.
  Task<Result<Nothing>> send(Mail mail, Steady::time_point deadline) override;

 private:
  Result<std::int64_t> deliver(const Mail& mail, Steady::time_point deadline);
  Result<Nothing> save_names(std::int64_t number);
  void write(const std::string& id, const std::string& text) const;
  bool holds(const std::string& id) const;
  void remove_leftovers() const;

  const std::filesystem::path tmp_, new_, cur_;
  // On the pool's thread:
  Steady::time_point next_look_{};          // for leftovers
  std::int64_t delivered_ = 0, saved_ = 0;  // in new/, and how many of these for certain
  Pool pool_{1, 1'000, Priority::background};
};

}  // namespace svc::notification
