// The texts of mails: those built in, those of an operator, and what is wrong with them.
#include <fstream>

#include "mail/templates.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace svc::notification;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

const std::map<std::string, std::string> values{{"name", "Kim {{total}}"},
                                                {"orderId", "0190"},
                                                {"items", "2 × anvil  24.68 USD\n1 × rope  1.00 USD"},
                                                {"total", "25.68 USD"},
                                                {"reason", "out of stock"}};

const std::string all_names[] = {"en/order_confirmed.txt", "ko/order_confirmed.txt", "en/order_cancelled.txt",
                                 "ko/order_cancelled.txt"};

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST_CASE("the texts built in hold every value, in every language") {
  const Templates templates("");
  for (const auto kind : {Kind::order_confirmed, Kind::order_cancelled})
    for (const auto locale : {user::Locale::en, user::Locale::ko}) {
      const auto text = templates.fill(kind, locale, values);
      CAPTURE(text.subject, text.body);
      CHECK_THAT(text.subject, ContainsSubstring("0190"));
      for (const auto name : placeholders(kind)) CHECK_THAT(text.body, ContainsSubstring(values.at(std::string(name))));
      CHECK(text.body.ends_with("\n"));
      CHECK((text.body.find("주문") != std::string::npos) == (locale == user::Locale::ko));
    }
}

TEST_CASE("a value stands as it is: braces in it mean nothing") {
  const auto text = Templates("").fill(Kind::order_confirmed, user::Locale::en, values);
  CHECK_THAT(text.body, ContainsSubstring("Hello Kim {{total}},"));
}

TEST_CASE("an operator's directory takes the place of the texts built in") {
  const TempDir dir;
  for (const auto& name : all_names)
    write(dir / name, "Subject: Order {{orderId}}\r\n\r\n{{total}} { } {{name}}{{total}}\n");
  const auto text = Templates(dir.path()).fill(Kind::order_cancelled, user::Locale::ko, values);
  CHECK(text.subject == "Order 0190");
  CHECK(text.body == "25.68 USD { } Kim {{total}}25.68 USD\n");
}

TEST_CASE("every fault of an operator's texts is told at once, with its file") {
  const TempDir dir;
  write(dir / all_names[0], "Subject: Order {{orderID}}\n\n{{reason}} {{name\n}} {{a{{b}}\n");
  write(dir / all_names[1], "Hello\n\n{{name}}\n");
  write(dir / all_names[2], "Subject: no empty line\n{{name}}\n\nmore");
  std::string told;
  try {
    const Templates templates(dir.path());
  } catch (const std::runtime_error& faults) {
    told = faults.what();
  }
  const auto file = [&](std::size_t i) { return (dir / all_names[i]).string(); };
  CHECK(told == file(0) + ": unknown placeholder {{orderID}}\n" + file(0) + ": unknown placeholder {{reason}}\n" +
                    file(0) + ": {{name is not closed\n" + file(0) + ": }} without {{\n" + file(0) +
                    ": {{a is not closed\n" + file(0) + ": unknown placeholder {{b}}\n" + file(1) +
                    ": must begin with a line \"Subject: …\" and an empty line\n" + file(2) +
                    ": must begin with a line \"Subject: …\" and an empty line\n" + "cannot read " + file(3) +
                    ": No such file or directory");
}

TEST_CASE("an operator's texts are UTF-8, with or without a mark that says so") {
  const TempDir dir;
  const auto load = [&](const std::string& words) {
    for (const auto& name : all_names) write(dir / name, "Subject: {{orderId}}\n\n" + words + "\n");
    return Templates(dir.path());
  };
  for (const std::string words : {"주문", "\xf0\x9f\x93\xa6", "\xed\x9f\xbf", "\xee\x80\x80"})
    CHECK(load(words).fill(Kind::order_confirmed, user::Locale::ko, values).body == words + "\n");
  // CP949, a lone continuation, one that is missing, overlong, a surrogate, beyond the last
  for (const std::string words : {"\xc1\xd6\xb9\xae", "\x80", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xf5"}) {
    CAPTURE(words.size());
    CHECK_THROWS_WITH(load(words), ContainsSubstring("is not UTF-8"));
  }
  for (const auto& name : all_names) write(dir / name, "\xef\xbb\xbfSubject: {{orderId}}\n\nhello\n");
  CHECK(Templates(dir.path()).fill(Kind::order_confirmed, user::Locale::en, values).subject == "0190");
}

TEST_CASE("an item's line") { CHECK(item_line(2, "anvil", {2468, "USD"}) == "2 × anvil  24.68 USD"); }

}  // namespace
