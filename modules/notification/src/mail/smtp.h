// Smtp: hands mail to a mail server (RFC 5321), by libcurl. Connections are kept between mails.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "async/pool.h"
#include "mail/mailer.h"

namespace svc::notification {

class Smtp final : public Mailer {
 public:
  /// Reads the password, connects to nobody. Throws std::runtime_error that names a file that cannot be read.
  explicit Smtp(SmtpOptions options);
  ~Smtp() override;

  /// Done when the server has taken responsibility for the mail.
  ///
  /// Reasons with Code::unavailable: "smtp_unreachable": no connection, or it broke; "smtp_tls_refused": it
  /// cannot be kept private as the options demand, or the server cannot prove who it is; "smtp_auth_refused":
  /// our user or password, or that we have none; "smtp_sender_refused": our address, of any mail;
  /// "smtp_deferred": the server asks to come again. With Code::timeout: "smtp_timeout". With Code::invalid:
  /// "mail_refused", the server's word on this mail or its recipient.
  Task<Result<Nothing>> send(Mail mail, Steady::time_point deadline) override;
  void hang_up() override { hung_up_ = true; }

 private:
  class Connection;
  Result<Nothing> deliver(const Mail& mail, Steady::time_point deadline);
  std::unique_ptr<Connection> take();
  void keep(std::unique_ptr<Connection> connection);

  const SmtpOptions options_;
  const std::string password_;
  std::atomic<bool> hung_up_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  Pool pool_;
};

}  // namespace svc::notification
