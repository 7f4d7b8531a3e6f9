#include "mail/mail.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/ascii.h"
#include "base/rules.h"

namespace svc::notification {
namespace {

constexpr std::size_t line_limit = 76;  // RFC 2045 section 6.7, RFC 2047 section 2

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

// The octet as quoted-printable and the encoding Q write it: "=0D".
std::string escape(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  return {'=', digits[octet >> 4], digits[octet & 15]};
}

// The octets of the character at `at`. One for each octet where the text is not UTF-8.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto is_continuation = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80; };
  std::size_t size = 1;
  if (static_cast<unsigned char>(text[at]) >= 0xc0)
    while (size < 4 && at + size < text.size() && is_continuation(at + size)) ++size;
  return size;
}

// Of one line: each control character (C0, DEL, C1) and each separator of lines (U+2028, U+2029) becomes a
// space.
std::string one_line(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = text.substr(at, character_size(text, at));
    at += character.size();
    const bool control = character.size() == 1 ? static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f
                         : character.size() == 2
                             ? character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0
                             : character == "\u2028" || character == "\u2029";
    line += control ? " " : character;
  }
  return line;
}

// Encoded-words of RFC 2047 in the encoding Q, one a line, no character divided. They hold only what may
// stand in a phrase too (section 5, rule 3). `column`: what stands before the first.
std::string encoded_words(std::string_view text, std::size_t column) {
  constexpr std::string_view begin = "=?utf-8?Q?", end = "?=";
  std::string words, word;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = text.substr(at, character_size(text, at));
    at += character.size();
    std::string written;
    for (const char c : character) written += c == ' ' ? "_" : is_alphanumeric(c) ? std::string(1, c) : escape(c);
    if (column + begin.size() + word.size() + written.size() + end.size() > line_limit) {
      words.append(begin).append(word).append(end).append("\r\n ");
      word.clear();
      column = 1;
    }
    word += written;
  }
  return words.append(begin).append(word).append(end);
}

// Whether a text can stand as it is: it fits on the line, and nobody takes it for something encoded.
bool is_plain(std::string_view text, std::size_t column) {
  return std::ranges::all_of(text, is_printable) && text.find("=?") == std::string_view::npos &&
         text.find_first_not_of(' ') == 0 && text.back() != ' ' && column + text.size() <= line_limit;
}

std::string text_field(std::string_view name, std::string_view value) {
  const auto text = one_line(value);
  const auto column = name.size() + 2;
  std::string field = std::string(name) + ": ";
  if (is_plain(text, column)) field += text;
  else if (!text.empty()) field += encoded_words(text, column);
  return field + "\r\n";
}

std::string mailbox_field(std::string_view name, const Mailbox& mailbox) {
  const auto text = one_line(mailbox.name);
  std::string field = std::string(name) + ": ";
  if (text.empty()) return field + mailbox.address + "\r\n";
  std::string quoted = "\"";  // RFC 5322 section 3.2.4
  for (const char c : text) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  quoted += '"';
  field += is_plain(quoted, field.size()) ? quoted : encoded_words(text, field.size());
  const auto address = " <" + mailbox.address + ">\r\n";
  const auto column = field.size() - (field.rfind('\n') + 1);  // npos + 1 is 0
  return field + (column + address.size() - 2 > line_limit ? "\r\n" : "") + address;
}

// RFC 5322 section 3.3: "Sat, 31 Jan 2026 09:30:00 +0000".
std::string to_date(Time time) {
  using namespace std::chrono;
  constexpr std::string_view days = "SunMonTueWedThuFriSat", months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const sys_time<milliseconds> moment{milliseconds{time.ms}};
  const auto midnight = floor<std::chrono::days>(moment);
  const year_month_day date(midnight);
  const hh_mm_ss clock(floor<std::chrono::seconds>(moment - midnight));
  std::string text(40, '\0');
  const int size = std::snprintf(text.data(), text.size(), "%.3s, %02u %.3s %04d %02d:%02d:%02d +0000",
                                 &days[3 * weekday(midnight).c_encoding()], static_cast<unsigned>(date.day()),
                                 &months[3 * (static_cast<unsigned>(date.month()) - 1)], static_cast<int>(date.year()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// RFC 2045 section 6.7. However the body ends its lines, the message ends them by CR LF, and the last one
// too.
std::string quoted_printable(std::string_view body) {
  std::string text, line;
  const auto ends_line = [&](std::size_t at) { return at >= body.size() || body[at] == '\n' || body[at] == '\r'; };
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (ends_line(at)) {
      if (body.substr(at).starts_with("\r\n")) ++at;
      text += line + "\r\n";
      line.clear();
      continue;
    }
    const bool as_it_is = is_printable(c) && c != '=' && !(c == ' ' && ends_line(at + 1));
    const auto written = as_it_is ? std::string(1, c) : escape(c);
    if (line.size() + written.size() >= line_limit) {
      text += line + "=\r\n";
      line.clear();
    }
    line += written;
  }
  return line.empty() ? text : text + line + "\r\n";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::ranges::all_of(id, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  text = trimmed(text);
  Mailbox mailbox;
  if (text.ends_with('>')) {
    const auto open = text.rfind('<');
    if (open == std::string_view::npos) return std::nullopt;
    auto name = trimmed(text.substr(0, open));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    mailbox.name = name;
    text = text.substr(open + 1, text.size() - open - 2);
  }
  mailbox.address = text;
  if (!is_email_address(mailbox.address) || one_line(mailbox.name) != mailbox.name) return std::nullopt;
  return mailbox;
}

Result<Message> render(const Mail& mail) {
  if (!is_id(mail.id)) return fail(Code::invalid, "mail_id_invalid", "An id is letters, digits and '-'");
  const auto sender = parse_mailbox(mail.from);
  if (!sender) return fail(Code::invalid, "sender_invalid", "The sender is not \"Name <address>\"");
  if (!is_ascii(mail.to_address))
    return fail(Code::invalid, "address_not_ascii", "An address beyond ASCII needs SMTPUTF8, which is not supported");
  if (!is_email_address(mail.to_address)) return fail(Code::invalid, "address_invalid", "It is no e-mail address");

  const auto domain = sender->address.substr(sender->address.rfind('@') + 1);
  Message message{sender->address, mail.to_address, ""};
  message.text = "Date: " + to_date(mail.date) + "\r\n" + mailbox_field("From", *sender) +
                 mailbox_field("To", {mail.to_name, mail.to_address}) + text_field("Subject", mail.subject) +
                 "Message-ID: <" + mail.id + "@" + domain + ">\r\n" +
                 "MIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n"
                 "Auto-Submitted: auto-generated\r\n"  // RFC 3834: so that no machine answers it
                 "\r\n" +
                 quoted_printable(mail.body);
  return message;
}

}  // namespace svc::notification
