// Mail: what is sent, and the form it travels in (RFC 5322, MIME). Whatever its texts hold, a message has the
// header fields below and no other, in ASCII lines of at most 76 characters (longer only where an address or
// an id is).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace svc::notification {

/// A plain-text mail to one person. Texts are UTF-8.
struct Mail {
  std::string id;          ///< 1 to 64 letters, digits and '-'; its own for ever
  std::string from;        ///< as parse_mailbox reads it
  std::string to_address;  ///< as is_email has it (base/rules.h)
  std::string to_name;     ///< may be empty
  std::string subject, body;
  Time date;
  bool again = false;  ///< it may have been sent before
};

struct Mailbox {
  std::string name;  ///< may be empty
  std::string address;
};

/// Reads "address", "<address>", "Name <address>" or "\"Name\" <address>". Nothing when the address is none
/// that is_email has, or the name holds control characters.
std::optional<Mailbox> parse_mailbox(std::string_view text);

/// What a carrier hands on.
struct Message {
  std::string sender, recipient;  ///< addresses alone, safe to stand in a command (RFC 5321 section 4.1.2)
  std::string text;               ///< header and body, lines ended by CR LF
};

/// The message of a mail; the same mail has the same message, and the same Message-ID, every time. In names
/// and the subject, control characters become spaces. Code::invalid when the id or an address has no such
/// form; of addresses beyond ASCII (RFC 6531, SMTPUTF8) the reason is "address_not_ascii".
Result<Message> render(const Mail& mail);

}  // namespace svc::notification
