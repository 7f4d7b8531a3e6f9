// Customers hear of their orders: by mail that is read back by somebody else's code, once, whatever dies in
// between.
#include <csignal>

#include "carriers/shop.h"
#include "support/broker.h"
#include "support/catch.h"
#include "support/mails.h"
#include "support/smtp_server.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

// What the mails in the shop's Maildir say to one address.
json mails_to(const Shop& shop, const std::string& address) {
  json found = json::array();
  for (const auto& mail : read_maildir(shop.system.data() / "mail"))
    if (mail["recipients"] == json::array({address})) found.push_back(mail);
  return found;
}

// Flags to send mail to a server, beside others.
std::vector<std::string> by_mail_to(const SmtpServer& server, std::vector<std::string> flags) {
  flags.insert(flags.end(),
               {"--notification.mail.carrier=smtp", "--notification.mail.smtp.host=127.0.0.1",
                "--notification.mail.smtp.port=" + std::to_string(server.port()),
                "--notification.mail.smtp.security=none", "--notification.mail.from=Shop <orders@shop.example.com>"});
  return flags;
}

TEST_CASE("a customer gets one mail about an order, in their language, though all is killed in between") {
  Shop shop(whole, {"--notification.sender.claim-seconds=1"});  // after which it is sent again
  const auto kim = shop.customer("kim", "ko"), ann = shop.customer("ann");
  const auto confirmed = shop.order(kim), cancelled = shop.order(ann, "tok_declined");
  shop.system.restart("notification", SIGKILL);
  CHECK(shop.is_notified(confirmed, "order_confirmed"));
  CHECK(shop.is_notified(cancelled, "order_cancelled"));
  shop.system.restart("notification", SIGKILL);
  // Once this one is out, all before it have been seen to.
  CHECK(shop.is_notified(shop.order(shop.customer("last")), "order_confirmed"));

  const auto to_kim = mails_to(shop, "kim@example.com"), to_ann = mails_to(shop, "ann@example.com");
  REQUIRE(to_kim.size() == 1);
  CHECK(to_kim[0]["subject"] == "주문이 확정되었습니다 (주문 번호 " + confirmed + ")");
  const std::string korean = to_kim[0]["body"];
  CHECK_THAT(korean, ContainsSubstring("kim 님") && ContainsSubstring("anvil") && ContainsSubstring("19.99"));
  REQUIRE(to_ann.size() == 1);
  CHECK(to_ann[0]["subject"] == "Your order " + cancelled + " was cancelled");
  const std::string english = to_ann[0]["body"];
  CHECK_THAT(english, ContainsSubstring("Hello ann") && ContainsSubstring("the payment could not be made"));
  CHECK(to_ann[0]["defects"] == json::array());
  CHECK(shop.mails() == 3);
}

TEST_CASE("a customer who has left gets none") {
  Shop shop(split);
  const auto ann = shop.customer("ann"), bob = shop.customer("bob");
  shop.system.process("notification").signal(SIGKILL);
  shop.system.process("notification").wait();
  const auto of_ann = shop.order(ann), of_bob = shop.order(bob);
  shop.leave(ann);
  shop.system.start(shop.system.index_of("notification", 0));
  CHECK(shop.is_notified(of_ann, "order_confirmed", "skipped"));
  CHECK(shop.is_notified(of_bob, "order_confirmed"));
  CHECK(shop.mails() == 1);
  CHECK(shop.events("notification")["parked"] == 0);
}

TEST_CASE("mail that no server takes is tried again, then put aside until somebody sees to it") {
  if (!SmtpServer::there()) return;
  SmtpServer server(json::object());
  Shop shop(whole, by_mail_to(server, {"--notification.sender.attempts=2", "--notification.sender.patience-hours=0",
                                       "--notification.sender.backoff-ms=1"}));
  const auto ann = shop.customer("ann");
  const auto first = shop.order(ann);
  CHECK(shop.is_notified(first, "order_confirmed"));
  CHECK(server.count() == 1);

  server.stop();
  const auto retried = shop.order(ann), dropped = shop.order(ann);
  for (const auto& order : {retried, dropped}) {
    CHECK(shop.is_notified(order, "order_confirmed", "failed"));
    const auto notification = shop.notifications(order).at(0);
    CHECK(notification["attempts"] == 2);
    CHECK(notification["failure"] == "smtp_unreachable");
    const auto parked =
        shop.administer("GET", "/admin/events/notification/" + notification["id"].get<std::string>()).json();
    CHECK(parked["state"] == "parked");
    CHECK(parked["reason"] == "smtp_unreachable");
    CHECK(parked["event"]["subject"] == order);
  }
  CHECK(shop.events("notification")["parked"] == 2);

  server.start();
  const auto act = [&](const std::string& order, const std::string& verb) {
    const std::string id = shop.notifications(order).at(0)["id"];
    return shop.administer("POST", "/admin/events/notification/" + id + "/" + verb);
  };
  CHECK(act(retried, "retry").json()["state"] == "done");
  CHECK(act(dropped, "drop").json()["state"] == "dropped");
  CHECK(shop.is_notified(retried, "order_confirmed"));
  CHECK(act(retried, "retry").status == 404);
  CHECK(act(dropped, "drop").status == 404);
  CHECK(shop.events("notification")["parked"] == 0);
  CHECK(shop.is_notified(shop.order(ann), "order_confirmed"));
  CHECK(server.count() == 3);
  CHECK(shop.notifications(dropped).at(0)["status"] == "failed");
}

TEST_CASE("while no more mails can be sent than wait, events wait in their place, and all is sent in the end") {
  if (!SmtpServer::there() || !Broker::there()) return;
  const auto by_broker = GENERATE(false, true);
  CAPTURE(by_broker);
  static Broker broker;
  SmtpServer server(json::object());
  Shop shop(whole, by_mail_to(server, {"--notification.sender.backlog=2", "--notification.sender.at-once=1",
                                       "--events=" + (by_broker ? broker.url() : std::string("embedded"))}));
  const auto ann = shop.customer("ann");
  CHECK(shop.is_notified(shop.order(ann), "order_confirmed"));
  server.stop();
  // Told of one by one, so that no page holds two.
  const auto noted = [&] { return shop.count("notification", "SELECT COUNT(*) FROM notifications"); };
  std::vector<std::string> orders;
  while (orders.size() < 20 && noted() == static_cast<int>(orders.size()) + 1) {
    orders.push_back(shop.order(ann));
    const int all = static_cast<int>(orders.size()) + 1;
    eventually([&] { return noted() == all || shop.lag("notification") > 0; });
  }
  CHECK(orders.size() < 20);
  CHECK(eventually([&] { return shop.lag("notification") > 0; }));
  server.start();
  for (const auto& order : orders) CHECK(shop.is_notified(order, "order_confirmed"));
  CHECK(eventually([&] { return shop.lag("notification") == 0; }));
  CHECK(server.count() == orders.size() + 1);
}

TEST_CASE("mails that wait for an earlier one of their order hold up nobody else's") {
  if (!SmtpServer::there()) return;
  SmtpServer server(json::object());
  Shop shop(whole, by_mail_to(server, {"--notification.sender.backlog=1", "--notification.sender.at-once=2",
                                       "--notification.sender.backoff-ms=60000"}));
  const auto ann = shop.customer("ann"), bob = shop.customer("bob");
  server.stop();
  for (int i = 0; i < 3; ++i) {
    const auto order = shop.order(ann);
    CHECK(eventually([&] {
      const auto noted = shop.notifications(order);
      return !noted.empty() && noted[0]["attempts"] > 0;
    }));
    CHECK(send(shop.system.gateway(), "POST", "/orders/" + order + "/cancel", bearer(ann.token)).status == 200);
    CHECK(shop.is_notified(order, "order_cancelled", "waiting"));
  }
  server.start();
  for (int i = 0; i < 3; ++i) CHECK(shop.is_notified(shop.order(bob), "order_confirmed"));
}

}  // namespace
