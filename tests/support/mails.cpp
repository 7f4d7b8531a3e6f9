#include "support/mails.h"

#include <fstream>

#include "support/catch.h"
#include "support/system.h"

namespace svc::test {
namespace {

nlohmann::json read(std::vector<std::string> arguments) {
  std::vector<std::string> command{"python3", SVC_SOURCE_DIR "/tests/support/read_mail.py"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto outcome = run_command(command, {"PYTHONIOENCODING=utf-8"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return nlohmann::json::parse(outcome.out);
}

}  // namespace

notification::Mail some_mail(const std::string& id) {
  return {id,
          "Anvils & Co <orders@shop.example.com>",
          "kim@example.org",
          "Kim",
          "Your order is confirmed",
          "Hello Kim,\n\n.a line that begins with a dot\n..and another\n.\n2 = two; trailing space \n\tand a "
          "tab\n" +
              std::string(200, 'x') + " " + std::string(75, 'y') + " \nFrom here on: the end.\n",
          Time{1'769'851'800'000}};
}

notification::Mail korean_mail(const std::string& id) {
  auto mail = some_mail(id);
  mail.to_name.clear();
  mail.body = "안녕하십니까.\n";
  for (int i = 0; i < 50; ++i) mail.to_name += "가힣";
  for (int i = 0; i < 300; ++i) mail.body += "주문이 확정되었습니다 🎉 ";
  mail.body += "\n";
  mail.subject = "주문이 확정되었습니다 🎉 (주문 번호 0190) — 감사합니다, 또 이용해 주시기 바랍니다";
  return mail;
}

Result<Nothing> send_now(notification::Mailer& mailer, const notification::Mail& mail, milliseconds limit) {
  return run_here([&] { return mailer.send(mail, Steady::now() + limit); });
}

nlohmann::json read_maildir(const std::filesystem::path& directory) { return read({"maildir", directory}); }

nlohmann::json read_messages(const std::vector<std::string>& messages) {
  const TempDir dir;
  std::vector<std::string> arguments{"messages"};
  for (const auto& message : messages) {
    arguments.push_back(dir / std::to_string(arguments.size()));
    std::ofstream(arguments.back(), std::ios::binary) << message;
  }
  auto read_back = read(arguments);
  REQUIRE(read_back.size() == messages.size());
  return read_back;
}

void check_same(const nlohmann::json& read, const notification::Mail& mail) {
  const auto sender = notification::parse_mailbox(mail.from);
  REQUIRE(sender);
  const auto people = [](const std::string& name, const std::string& address) {
    return nlohmann::json::array({nlohmann::json::array({name, address})});
  };
  CHECK(read["from"] == people(sender->name, sender->address));
  CHECK(read["to"] == people(mail.to_name, mail.to_address));
  CHECK(read["recipients"] == nlohmann::json::array({mail.to_address}));
  CHECK(read["subject"] == mail.subject);
  CHECK(read["body"] == mail.body);
  CHECK(read["fields"] == nlohmann::json({"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type",
                                          "Content-Transfer-Encoding", "Auto-Submitted"}));
  CHECK(read["defects"] == nlohmann::json::array());
}

std::vector<std::string> files_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

}  // namespace svc::test
