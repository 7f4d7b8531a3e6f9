#include "mail/mailer.h"

#include "mail/maildir.h"
#include "mail/smtp.h"

namespace svc::notification {

std::unique_ptr<Mailer> make_mailer(const MailOptions& options, const std::filesystem::path& data) {
  if (options.carrier == Carrier::smtp) return std::make_unique<Smtp>(options.smtp);
  return std::make_unique<Maildir>(data / "mail");
}

}  // namespace svc::notification
