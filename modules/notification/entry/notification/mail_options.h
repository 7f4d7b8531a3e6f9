// How mail leaves: by whom, and whose it is.
#pragma once

#include <string>

#include "base/check.h"
#include "base/fields.h"

namespace svc::notification {

/// What takes mail from here to a mailbox.
enum class Carrier {
  maildir,  ///< a directory of files, for those who read it there
  smtp,     ///< a mail server
};
constexpr auto names(std::type_identity<Carrier>) {
  return std::array{EnumName{Carrier::maildir, "maildir"}, EnumName{Carrier::smtp, "smtp"}};
}

/// How a connection to a mail server is kept from others. Never less than was asked for.
enum class Security {
  none,      ///< not at all
  starttls,  ///< by STARTTLS (RFC 3207); a server that does not offer it is not used
  tls,       ///< from its first byte (RFC 8314 section 3.3)
};
constexpr auto names(std::type_identity<Security>) {
  return std::array{EnumName{Security::none, "none"}, EnumName{Security::starttls, "starttls"},
                    EnumName{Security::tls, "tls"}};
}

struct SmtpOptions {
  std::string host;
  std::int64_t port = 587;
  Security security = Security::starttls;
  std::string ca_file;
  std::string user;
  std::string password_file;
  std::int64_t timeout_ms = 30'000;
  std::int64_t connections = 2;
  static constexpr auto fields() {
    return rows(
        field(&SmtpOptions::host, "host", "The mail server that takes mail from here; needed with the carrier smtp",
              Length{0, 253}, Default{""}),
        field(&SmtpOptions::port, "port", "Its port: 587 by custom, 465 with tls, 25 between servers", Range{1, 65'535},
              Default{587}),
        field(&SmtpOptions::security, "security",
              "none; starttls: refused where the server does not offer it; tls: from the first byte",
              Default{"starttls"}),
        field(&SmtpOptions::ca_file, "ca_file",
              "PEM file of those who may vouch for its certificate; empty: those the system trusts", Length{0, 4'096},
              Default{""}),
        field(&SmtpOptions::user, "user", "Whom to sign in as; empty: nobody", Length{0, 254}, Default{""}),
        field(&SmtpOptions::password_file, "password_file",
              "File of the password, read at start; the line's end does not count", Length{0, 4'096}, Default{""}),
        field(&SmtpOptions::timeout_ms, "timeout_ms", "Time that one mail may take", Range{10, 600'000},
              Default{30'000}),
        field(&SmtpOptions::connections, "connections", "Mails sent at once, over a kept connection each", Range{1, 32},
              Default{2}));
  }
  void check_whole(Violations& found) const;
};

struct MailOptions {
  std::string from = "svc <orders@example.invalid>";
  Carrier carrier = Carrier::maildir;
  std::string templates;
  SmtpOptions smtp{};
  static constexpr auto fields() {
    return rows(field(&MailOptions::from, "from", "Whose mail it is: an address, or a name and <address>",
                      Length{1, 400}, Default{"svc <orders@example.invalid>"}),
                field(&MailOptions::carrier, "carrier",
                      "maildir: files under mail in the data directory; smtp: a mail server", Default{"maildir"}),
                field(&MailOptions::templates, "templates",
                      "Directory of the texts of mails, used in place of those built in, such as "
                      "en/order_confirmed.txt; empty: those built in",
                      Length{0, 4'096}, Default{""}),
                field(&MailOptions::smtp, "smtp", "The mail server"));
  }
  void check_whole(Violations& found) const;
};

}  // namespace svc::notification
