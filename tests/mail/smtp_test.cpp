// Mail by a mail server that is not ours (npm's smtp-server), on loopback, read back from what it took.
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>

#include "identity/secret_file.h"
#include "mail/smtp.h"
#include "support/catch.h"
#include "support/certificate.h"
#include "support/eventually.h"
#include "support/mails.h"
#include "support/smtp_server.h"
#include "support/system.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace svc::notification;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
namespace fs = std::filesystem;

const std::string password = "correct-horse-battery";

json files_of(const Certificate& of) { return {{"key", of.key}, {"cert", of.certificate}}; }

/// A server that offers STARTTLS and asks for a password, and what it takes to use it.
struct Sound {
  Certificate certificate{"mail", "IP:127.0.0.1"};
  TempDir dir;
  json described{{"tls", files_of(certificate)}, {"starttls", true}, {"user", "shop"}, {"password", password}};

  SmtpOptions options(const SmtpServer& server, const std::string& with = password) const {
    std::ofstream(dir / "password") << with << "\n";
    SmtpOptions options;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.ca_file = certificate.certificate;
    options.user = "shop";
    options.password_file = dir / "password";
    return options;
  }
};

SmtpOptions plain(const SmtpServer& server) {
  SmtpOptions options;
  options.host = "127.0.0.1";
  options.port = server.port();
  options.security = Security::none;
  return options;
}

void check_refused(const Result<Nothing>& sent, Code code, const std::string& reason) {
  REQUIRE_FALSE(sent);
  CAPTURE(sent.error().detail);
  CHECK(sent.error().code == code);
  CHECK(sent.error().reason == reason);
}

TEST_CASE("mail goes by STARTTLS and a password, over one connection, and arrives as it was") {
  if (!SmtpServer::there()) return;
  const Sound sound;
  const SmtpServer server(sound.described);
  Smtp smtp(sound.options(server));
  REQUIRE(send_now(smtp, some_mail()));
  REQUIRE(send_now(smtp, korean_mail()));
  const auto read = read_messages(server.mails());
  REQUIRE(read.size() == 2);
  check_same(read[0], some_mail());
  check_same(read[1], korean_mail());
  for (const int number : {1, 2}) {
    const auto envelope = server.envelope(number);
    CHECK(envelope["from"] == "orders@shop.example.com");
    CHECK(envelope["to"] == json::array({"kim@example.org"}));
    CHECK(envelope["user"] == "shop");
    CHECK(envelope["secure"] == true);
    CHECK(envelope["session"] == server.envelope(1)["session"]);
  }
}

TEST_CASE("mail goes over TLS from the first byte, and over none at all where that is asked for") {
  if (!SmtpServer::there()) return;
  const Sound sound;
  auto described = sound.described;
  described["implicit"] = true;
  const SmtpServer secure(described);
  auto options = sound.options(secure);
  options.security = Security::tls;
  Smtp by_tls(options);
  REQUIRE(send_now(by_tls, some_mail()));
  CHECK(secure.envelope(1)["secure"] == true);

  const SmtpServer open(json::object());
  Smtp by_nothing(plain(open));
  REQUIRE(send_now(by_nothing, some_mail()));
  CHECK(open.envelope(1)["secure"] == false);
}

TEST_CASE("a wrong password is the operator's matter, and is in no error") {
  if (!SmtpServer::there()) return;
  const Sound sound;
  for (const int status : {535, 454, 554}) {
    CAPTURE(status);
    auto described = sound.described;
    described["refuse"] = {{"auth", status}};
    const SmtpServer server(described);
    Smtp smtp(sound.options(server, "wrong-horse"));
    const auto sent = send_now(smtp, some_mail());
    check_refused(sent, Code::unavailable, "smtp_auth_refused");
    CHECK_THAT(sent.error().detail, !ContainsSubstring("wrong-horse"));
    CHECK(server.count() == 0);
  }

  const SmtpServer server(sound.described);
  auto options = sound.options(server);
  options.user.clear();
  options.password_file.clear();
  Smtp nobody(options);
  check_refused(send_now(nobody, some_mail()), Code::unavailable, "smtp_auth_refused");
  CHECK(server.count() == 0);
}

TEST_CASE("what the server says of one mail is told from what it says of all") {
  if (!SmtpServer::there()) return;
  struct Case {
    const char* stage;
    int status;
    Code code;
    const char* reason;
  };
  for (const auto& [stage, status, code, reason] :
       {Case{"rcpt", 550, Code::invalid, "mail_refused"}, Case{"data", 554, Code::invalid, "mail_refused"},
        Case{"mail", 552, Code::invalid, "mail_refused"}, Case{"mail", 550, Code::unavailable, "smtp_sender_refused"},
        Case{"rcpt", 450, Code::unavailable, "smtp_deferred"}, Case{"data", 451, Code::unavailable, "smtp_deferred"},
        Case{"mail", 421, Code::unavailable, "smtp_deferred"},
        Case{"rcpt", 530, Code::unavailable, "smtp_auth_refused"}}) {
    CAPTURE(stage, status);
    const SmtpServer server(json{{"refuse", {{stage, status}}}});
    Smtp smtp(plain(server));
    const auto sent = send_now(smtp, some_mail());
    check_refused(sent, code, reason);
    CHECK_THAT(sent.error().detail, ContainsSubstring(std::to_string(status)));
    if (status != 530) CHECK_THAT(sent.error().detail, ContainsSubstring(std::string("not at this ") + stage));
    CHECK(server.count() == 0);
  }
}

TEST_CASE("a server that is away is tried again, and found when it is back") {
  if (!SmtpServer::there()) return;
  SmtpServer server(json::object());
  Smtp smtp(plain(server));
  REQUIRE(send_now(smtp, some_mail("first")));
  server.stop();
  check_refused(send_now(smtp, some_mail("second")), Code::unavailable, "smtp_unreachable");
  server.start();
  REQUIRE(send_now(smtp, some_mail("second")));
}

TEST_CASE("a server that hangs holds nobody beyond the deadline") {
  if (!SmtpServer::there()) return;
  const SmtpServer server(json::object());
  auto options = plain(server);
  Smtp smtp(options);
  REQUIRE(send_now(smtp, some_mail("first")));
  server.signal(SIGSTOP);
  auto begin = Steady::now();
  check_refused(send_now(smtp, some_mail("second"), milliseconds{300}), Code::timeout, "smtp_timeout");
  CHECK(Steady::now() - begin < seconds{2});

  options.timeout_ms = 300;
  Smtp impatient(options);
  begin = Steady::now();
  check_refused(send_now(impatient, some_mail("third")), Code::timeout, "smtp_timeout");
  CHECK(Steady::now() - begin < seconds{2});
  check_refused(send_now(impatient, some_mail("fourth"), milliseconds{-1}), Code::timeout, "deadline");
}

TEST_CASE("nobody waits for a server's goodbye") {
  if (!SmtpServer::there()) return;
  const SmtpServer server(json{{"mute", true}});
  auto smtp = std::make_unique<Smtp>(plain(server));
  REQUIRE(send_now(*smtp, some_mail()));
  auto begin = Steady::now();
  smtp.reset();
  CHECK(Steady::now() - begin < seconds{2});

  const SmtpServer refusing(json{{"mute", true}, {"refuse", {{"rcpt", 550}}}});
  Smtp refused(plain(refusing));
  begin = Steady::now();
  check_refused(send_now(refused, some_mail()), Code::invalid, "mail_refused");
  CHECK(Steady::now() - begin < seconds{2});
}

TEST_CASE("a process that stops does not wait for a server that hangs") {
  if (!SmtpServer::there()) return;
  const SmtpServer server(json{{"hang", true}});
  Smtp smtp(plain(server));
  std::optional<Result<Nothing>> sent;
  std::thread sending([&] { sent = send_now(smtp, some_mail()); });
  const bool waiting = eventually([&] { return server.hangs(); });
  const auto begin = Steady::now();
  smtp.hang_up();
  sending.join();
  CHECK(waiting);
  CHECK(Steady::now() - begin < seconds{4});
  check_refused(*sent, Code::unavailable, "stopping");
  check_refused(send_now(smtp, some_mail()), Code::unavailable, "stopping");
}

TEST_CASE("nothing is sent in the open, or to a server that cannot prove who it is") {
  if (!SmtpServer::there()) return;
  const Sound sound;
  auto described = sound.described;
  described["starttls"] = false;
  const SmtpServer open(described);
  Smtp not_offered(sound.options(open));
  check_refused(send_now(not_offered, some_mail()), Code::unavailable, "smtp_tls_refused");

  const SmtpServer server(sound.described);
  auto options = sound.options(server);
  options.ca_file.clear();
  Smtp not_vouched_for(options);
  check_refused(send_now(not_vouched_for, some_mail()), Code::unavailable, "smtp_tls_refused");

  const Certificate of_another("mail", "DNS:mail.example.com");
  described = sound.described;
  described["tls"] = files_of(of_another);
  const SmtpServer another(described);
  options = sound.options(another);
  options.ca_file = of_another.certificate;
  Smtp of_another_name(options);
  check_refused(send_now(of_another_name, some_mail()), Code::unavailable, "smtp_tls_refused");
  CHECK(open.count() + server.count() + another.count() == 0);
}

TEST_CASE("an address cannot carry a command to the server") {
  if (!SmtpServer::there()) return;
  const SmtpServer server(json::object());
  Smtp smtp(plain(server));
  auto mail = some_mail();
  mail.to_address = "kim@example.org>\r\nRCPT TO:<victim@example.com";
  check_refused(send_now(smtp, mail), Code::invalid, "address_invalid");
  mail.to_address = "김@example.org";
  check_refused(send_now(smtp, mail), Code::invalid, "address_not_ascii");
  CHECK(server.count() == 0);
}

TEST_CASE("files that cannot be read are told at start") {
  SmtpOptions options;
  options.host = "localhost";
  options.user = "shop";
  options.password_file = "/nowhere/password";
  CHECK_THROWS_WITH(Smtp(options), ContainsSubstring("/nowhere/password"));
  options.password_file.clear();
  options.ca_file = "/nowhere/ca.pem";
  CHECK_THROWS_WITH(Smtp(options), ContainsSubstring("/nowhere/ca.pem"));
}

TEST_CASE("options that contradict each other are refused") {
  const auto faults = [](auto change) {
    MailOptions options;
    options.carrier = Carrier::smtp;
    options.from = "Shop <orders@example.com>";
    options.smtp.host = "mail.example.com";
    change(options);
    Violations found;
    check(options, found);
    std::string pointers;
    for (const auto& violation : found) pointers += violation.pointer + " ";
    return pointers;
  };
  CHECK(faults([](MailOptions&) {}).empty());
  CHECK(faults([](MailOptions& o) { o = {}; }).empty());
  CHECK(faults([](MailOptions& o) { o.from = "Shop"; }) == "/from ");
  CHECK(faults([](MailOptions& o) { o.from = MailOptions{}.from; }) == "/from ");
  CHECK(faults([](MailOptions& o) { o.smtp.host = ""; }) == "/smtp/host ");
  CHECK(faults([](MailOptions& o) { o.smtp.host = "mail/x"; }) == "/smtp/host ");
  CHECK(faults([](MailOptions& o) { o.smtp.user = "shop"; }) == "/smtp/password_file ");
  CHECK(faults([](MailOptions& o) { o.smtp.password_file = "p"; }) == "/smtp/user ");
  CHECK(faults([](MailOptions& o) {
          o.smtp.user = "shop";
          o.smtp.password_file = "p";
          o.smtp.security = Security::none;
        }) == "/smtp/security ");
}

TEST_CASE("the carrier that the options name is made, a Maildir under the data directory") {
  const TempDir dir;
  const auto mailer = make_mailer({}, dir.path());
  REQUIRE(send_now(*mailer, some_mail()));
  CHECK(files_in(dir / "mail/new").size() == 1);

  MailOptions options;
  options.carrier = Carrier::smtp;
  options.smtp.host = "127.0.0.1";
  options.smtp.port = free_port();
  options.smtp.security = Security::none;
  const auto by_smtp = make_mailer(options, dir.path());
  check_refused(send_now(*by_smtp, some_mail("other")), Code::unavailable, "smtp_unreachable");
}

}  // namespace
