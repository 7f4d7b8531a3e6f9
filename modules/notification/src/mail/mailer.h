// Mailer: takes a mail to where it is going. Carriers differ in what they can tell: a Maildir knows what it
// holds, a mail server is not asked again.
#pragma once

#include <filesystem>
#include <memory>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"
#include "mail/mail.h"
#include "notification/mail_options.h"

namespace svc::notification {

/// Used on loops, of any thread; holds none of them up. Ends only when nothing is being sent.
class Mailer {
 public:
  virtual ~Mailer() = default;

  /// Delivers `mail`, or hands it to those who will: on success it is in safe hands. Sent twice, it arrives
  /// once where the carrier can tell (a Maildir, of a mail that says `again`), else twice with one Message-ID.
  ///
  /// Errors: Code::unavailable and Code::timeout: try again later; it may have been sent. Code::invalid: this
  /// mail will never go. Reasons: those of render(), and what the carrier adds.
  virtual Task<Result<Nothing>> send(Mail mail, Steady::time_point deadline) = 0;

  /// Ends within about a second what is being sent, and refuses what comes later, where it could take long: a
  /// process that stops waits for no mail server. Each is answered with Code::unavailable. Thread-safe.
  virtual void hang_up() {}
};

/// The carrier that `options` name; a Maildir is `data`/mail. Throws std::runtime_error that names what
/// cannot be used.
std::unique_ptr<Mailer> make_mailer(const MailOptions& options, const std::filesystem::path& data);

}  // namespace svc::notification
