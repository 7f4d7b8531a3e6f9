#include "notification/mail_options.h"

#include "mail/mail.h"

namespace svc::notification {

void SmtpOptions::check_whole(Violations& found) const {
  if (!host.empty())
    if (auto broken = is_host.check(host)) report(found, {"/host", "pattern", broken->detail});
  if (user.empty() != password_file.empty())
    report(found, {user.empty() ? "/user" : "/password_file", "required", "given, since the other is"});
  if (security == Security::none && !user.empty())
    report(found, {"/security", "const", "starttls or tls, since a password is sent"});
}

void MailOptions::check_whole(Violations& found) const {
  const auto sender = parse_mailbox(from);
  if (!sender) report(found, {"/from", "format", "an address, or a name and <address>, in ASCII but for the name"});
  if (carrier != Carrier::smtp) return;
  if (smtp.host.empty()) report(found, {"/smtp/host", "required", "given, for the carrier smtp"});
  // RFC 2606: nobody is there to take what comes back.
  if (sender && sender->address.ends_with(".invalid"))
    report(found, {"/from", "required", "an address of yours, for the carrier smtp"});
}

}  // namespace svc::notification
