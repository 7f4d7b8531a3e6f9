// The form of a message: what RFC 5322, 2045 and 2047 ask for, checked by hand, and read by a mail program's
// code.
#include <algorithm>

#include "mail/mail.h"
#include "support/catch.h"
#include "support/mails.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace svc::notification;

std::string render_text(const Mail& mail) {
  const auto message = render(mail);
  REQUIRE(message);
  return message->text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (auto end = text.find("\r\n"); end != std::string::npos; end = text.find("\r\n", at)) {
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  REQUIRE(at == text.size());  // the last line is ended too
  return lines;
}

// ASCII lines of at most 76 characters, ended by CR LF, no CR or LF elsewhere; encoded-words of at most 75.
void check_form(const std::string& text) {
  for (const auto& line : lines_of(text)) {
    CAPTURE(line);
    CHECK(line.size() <= 76);
    CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
    for (auto at = line.find("=?utf-8?"); at != std::string::npos; at = line.find("=?utf-8?", at + 1))
      CHECK(line.find("?=", at + 10) + 2 - at <= 75);
  }
}

TEST_CASE("a message, to the letter") {
  CHECK(render_text({"0190-a", "Anvils <orders@shop.example.com>", "kim@example.org", "김 Kim", "Order = done",
                     "Hello 김,\ndone. \r\nlast", Time{1'769'851'800'999}}) ==
        "Date: Sat, 31 Jan 2026 09:30:00 +0000\r\n"
        "From: \"Anvils\" <orders@shop.example.com>\r\n"
        "To: =?utf-8?Q?=EA=B9=80_Kim?= <kim@example.org>\r\n"
        "Subject: Order = done\r\n"
        "Message-ID: <0190-a@shop.example.com>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "\r\n"
        "Hello =EA=B9=80,\r\n"
        "done.=20\r\n"
        "last\r\n");
}

TEST_CASE("the envelope holds addresses alone") {
  const auto message = render(some_mail());
  REQUIRE(message);
  CHECK(message->sender == "orders@shop.example.com");
  CHECK(message->recipient == "kim@example.org");
}

// Read in one go: to start Python is slow.
nlohmann::json read_all(const std::vector<Mail>& mails) {
  std::vector<std::string> texts;
  for (const auto& mail : mails) {
    texts.push_back(render_text(mail));
    check_form(texts.back());
  }
  return read_messages(texts);
}

std::vector<Mail> with_names(const std::vector<std::string>& names) {
  std::vector<Mail> mails;
  for (const auto& name : names) {
    mails.push_back(some_mail());
    mails.back().to_name = mails.back().subject = name;
  }
  return mails;
}

TEST_CASE("a mail program reads what was written, in English and in Korean") {
  const std::vector mails{some_mail(), korean_mail()};
  const auto read = read_all(mails);
  for (std::size_t i = 0; i < mails.size(); ++i) {
    check_same(read[i], mails[i]);
    CHECK(read[i]["id"] == "<" + mails[i].id + "@shop.example.com>");
    CHECK(read[i]["date"] == "2026-01-31T09:30:00+00:00");
  }
}

TEST_CASE("names and subjects of every kind arrive as they are") {
  const auto mails =
      with_names({"O'Neil \"the\" \\ Kim", "a@b.example, c", "Kim (Lee)", "=?utf-8?Q?forged?=", "  spaces  around  ",
                  "한", "\U0001F468\u200D\U0001F469\u200D\U0001F467",
                  "one two three four five six seven eight nine ten eleven twelve thirteen",
                  "\xC3\xA9t\xC3\xA9 in Paris, 100 % of it: <b>", "?=", "_under=score_"});
  const auto read = read_all(mails);
  for (std::size_t i = 0; i < mails.size(); ++i) {
    CAPTURE(mails[i].subject);
    check_same(read[i], mails[i]);
  }
}

TEST_CASE("an encoded-word never divides a character") {
  std::vector<std::string> names;
  for (std::size_t before = 0; before < 12; ++before)
    names.push_back(std::string(before, 'x') + "가각갂갃간갅갆갇갈갉갊갋갌\U0001F389\U0001F38A");
  const auto mails = with_names(names);
  for (const auto& mail : mails)
    for (const auto& line : lines_of(render_text(mail))) {
      const auto begin = line.find("=?utf-8?Q?");
      if (begin == std::string::npos) continue;
      CAPTURE(line);
      std::string octets;
      for (auto at = begin + 10; line.compare(at, 2, "?=") != 0;)
        if (line[at] == '=') {
          octets += static_cast<char>(std::stoi(line.substr(at + 1, 2), nullptr, 16));
          at += 3;
        } else {
          octets += line[at++];
        }
      CHECK_NOTHROW(nlohmann::json(octets).dump());  // it takes UTF-8 only
    }
  const auto read = read_all(mails);
  for (std::size_t i = 0; i < mails.size(); ++i) check_same(read[i], mails[i]);
}

TEST_CASE("no name and no subject adds a header field or ends the header") {
  const auto mails = with_names(
      {"Kim\r\nBcc: victim@example.com", "Kim\nBcc: victim@example.com", "Kim\rBcc: victim@example.com",
       "Kim\r\n\r\nThe body begins here", "\r\n.\r\nMAIL FROM:<x@y.example>", "Kim\u2028Bcc: victim@example.com",
       "Kim\xC2\x85"
       "Bcc: victim@example.com",
       "Kim\" <victim@example.com>, \"", "Kim <victim@example.com>", "\xEA\xB9", "\xFF\xFE\r\n",
       "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\r\nX: y", std::string("a\0b\tc\x7f", 6)});
  const auto read = read_all(mails);
  for (std::size_t i = 0; i < mails.size(); ++i) {
    CAPTURE(mails[i].subject);
    CHECK(read[i]["fields"].size() == 9);
    CHECK(read[i]["to"].size() == 1);
    CHECK(read[i]["to"][0][1] == "kim@example.org");
    CHECK(read[i]["recipients"] == nlohmann::json::array({"kim@example.org"}));
    CHECK(read[i]["body"] == mails[i].body);
    CHECK(read[i]["subject"].get<std::string>().find_first_of("\r\n") == std::string::npos);
  }
  CHECK(read.back()["subject"] == "a b c ");
  CHECK(read.back()["to"][0][0] == "a b c ");
}

TEST_CASE("a body of any form ends its lines alike") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""},
      {"a", "a\n"},
      {"a\r\nb\rc\nd\n", "a\nb\nc\nd\n"},
      {"\n\n", "\n\n"},
      {std::string(76, ' '), std::string(76, ' ') + "\n"},
      {std::string(75, 'a') + " \n", std::string(75, 'a') + " \n"},
      {std::string("\0\x1b[31m", 6) + "\n", std::string("\0\x1b[31m", 6) + "\n"}};
  std::vector<Mail> mails;
  for (const auto& [body, expected] : cases) {
    mails.push_back(some_mail());
    mails.back().body = body;
  }
  const auto read = read_all(mails);
  for (std::size_t i = 0; i < cases.size(); ++i) CHECK(read[i]["body"] == cases[i].second);
}

TEST_CASE("an address or id that could be taken for more is refused for good") {
  for (const auto& address : std::vector<std::string>{
           "", "kim", "kim@example.org\r\nRCPT TO:<x@example.com>", "kim@example.org>\nDATA", "<kim@example.org>",
           "kim@example.org, x@example.com", "kim lee@example.org", std::string("kim@example.org\0", 16)}) {
    CAPTURE(address);
    auto mail = some_mail();
    mail.to_address = address;
    const auto refused = render(mail);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().reason == "address_invalid");
  }
  auto mail = some_mail();
  mail.to_address = "김@example.org";
  CHECK(render(mail).error().reason == "address_not_ascii");
  CHECK(render(mail).error().code == Code::invalid);
  for (const std::string id : {"", "a/b", "..", "a:2,S", "a>\r\nX: y", "a@b"}) {
    CAPTURE(id);
    mail = some_mail(id);
    CHECK(render(mail).error().reason == "mail_id_invalid");
  }
  mail = some_mail();
  mail.from = "nobody";
  CHECK(render(mail).error().reason == "sender_invalid");
}

TEST_CASE("a sender is an address, with or without a name") {
  const auto read = [](const std::string& text) {
    const auto mailbox = parse_mailbox(text);
    return mailbox ? mailbox->name + "|" + mailbox->address : "";
  };
  CHECK(read("a@b.example") == "|a@b.example");
  CHECK(read(" <a@b.example> ") == "|a@b.example");
  CHECK(read("Anvils & Co <a@b.example>") == "Anvils & Co|a@b.example");
  CHECK(read("\"Anvils, Co\" <a@b.example>") == "Anvils, Co|a@b.example");
  CHECK(read("주문 <a@b.example>") == "주문|a@b.example");
  for (const auto* none :
       {"", "Anvils", "a@b.example>", "Anvils <a@b.example", "<>", "A\nB <a@b.example>", "A <주문@b.example>"}) {
    CAPTURE(none);
    CHECK(read(none).empty());
  }
}

}  // namespace
