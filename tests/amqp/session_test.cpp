// Sessions on a broker that is well. One test, so that the broker is started once.
#include <algorithm>
#include <iostream>

#include "amqp/connection.h"
#include "amqp/fixture.h"

namespace {

using namespace svc;
using namespace svc::test;

TEST_CASE("sessions publish, consume and acknowledge") {
  if (!Broker::there()) return;
  static Broker broker;
  const auto address = address_of(broker);
  const auto queue = new_queue();
  auto session = open(address);
  declare(*session, queue);

  SECTION("what is published comes as it was, to the queues that its key is for") {
    const amqp::Queue all{queue.name + "-all", {"svc.#"}}, some{queue.name + "-some", {"svc.order.*", "svc.stock.low"}};
    const std::vector<amqp::Queue> queues{all, some};
    REQUIRE(session->declare(exchange, queues));
    REQUIRE(session->declare(exchange, queues));  // they are there: nothing happens
    std::string large(300'000, 'x');              // three frames
    large[150'000] = '\0';
    const std::vector<amqp::Message> messages{{"svc.order.placed", "1", "application/json", "{}"},
                                              {"svc.stock.low", "2", "", large},
                                              {"svc.user.gone", "3", "text/plain", "some"},
                                              {"svc.order.item.lost", "4", "text/plain", ""},
                                              {"other", "5", "text/plain", "for nobody"}};
    REQUIRE(session->publish(exchange, messages));

    auto whole = open(address), part = open(address);
    REQUIRE(whole->consume(all.name, 10));
    REQUIRE(part->consume(some.name, 10));
    const auto of_all = gather(*whole, 4);
    REQUIRE(of_all.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(of_all[i].routing_key == messages[i].routing_key);
      CHECK(of_all[i].id == messages[i].id);
      CHECK(of_all[i].body == messages[i].body);
      CHECK_FALSE(of_all[i].redelivered);
    }
    CHECK(bodies(gather(*part, 2)) == std::vector<std::string>{"{}", large});
    CHECK(quiet(*part));
    CHECK(quiet(*whole));
  }

  SECTION("the exchange without a name takes to a queue by its name, and drops what is for none") {
    const std::vector<amqp::Message> messages{{"no-such-queue", "1", "", "lost"}, {queue.name, "2", "", "found"}};
    REQUIRE(session->publish("", messages));
    REQUIRE(session->consume(queue.name, 10));  // a session may do both
    CHECK(bodies(gather(*session, 1)) == std::vector<std::string>{"found"});
  }

  SECTION("a message that cannot be sent is refused before any is") {
    auto messages = numbered(queue, 1, 2);
    messages[1].routing_key = std::string(256, 'k');
    const auto refused = session->publish(exchange, messages);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
    REQUIRE(session->publish(exchange, numbered(queue, 3, 3)));
    REQUIRE(session->consume(queue.name, 10));
    CHECK(bodies(gather(*session, 1)) == bodies(3, 3));
  }

  SECTION("no more is handed out than is asked for, and no more is under way than was agreed") {
    REQUIRE(session->publish(exchange, numbered(queue, 1, 10)));
    REQUIRE(session->consume(queue.name, 4));
    REQUIRE(session->keep_alive());  // what it takes is not lost
    const auto first = session->receive(1, seconds{10});
    REQUIRE(first);
    CHECK(bodies(*first) == bodies(1, 1));
    const auto rest = gather(*session, 3);
    CHECK(bodies(rest) == bodies(2, 4));
    CHECK(quiet(*session));
    REQUIRE(session->acknowledge(rest[1].tag));  // and those before it
    CHECK(bodies(gather(*session, 3)) == bodies(5, 7));
    CHECK(quiet(*session));
  }

  SECTION("one consumer is served; when it goes, the next gets what was not acknowledged, in order") {
    auto first = open(address), second = open(address);
    REQUIRE(first->consume(queue.name, 20));
    REQUIRE(second->consume(queue.name, 20));
    REQUIRE(session->publish(exchange, numbered(queue, 1, 10)));
    const auto got = gather(*first, 10);
    REQUIRE(bodies(got) == bodies(1, 10));
    CHECK(quiet(*second));
    REQUIRE(first->acknowledge(got[3].tag));
    first.reset();
    const auto next = gather(*second, 6);
    CHECK(bodies(next) == bodies(5, 10));
    CHECK(std::ranges::all_of(next, &amqp::Delivery::redelivered));
    CHECK(quiet(*second));
  }

  SECTION("what was handed out many times is still there") {
    REQUIRE(session->publish(exchange, numbered(queue, 1, 1)));
    for (int time = 0; time < 25; ++time) {
      auto consumer = open(address);
      REQUIRE(consumer->consume(queue.name, 1));
      const auto got = gather(*consumer, 1);
      REQUIRE(got.size() == 1);
      CHECK(got[0].redelivered == (time > 0));
    }
  }

  SECTION("a queue that is deleted ends the session of its consumer") {
    REQUIRE(session->consume(queue.name, 10));
    const auto other = amqp::connect(address, {});
    REQUIRE(other);
    amqp_queue_delete(other->get(), amqp::channel, amqp::bytes_of(queue.name), 0, 0);
    const auto end = session->receive(1, seconds{10});
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Code::unavailable);
    CHECK(end.error().reason == "amqp_cancelled");
    CHECK(session->keep_alive().error() == end.error());
    CHECK(session->publish(exchange, numbered(queue, 1, 1)).error() == end.error());
  }

  SECTION("a queue or an exchange that is there with other properties is named") {
    const auto other = amqp::connect(address, {});
    REQUIRE(other);
    const std::string classic = queue.name + "-classic";
    amqp_queue_declare(other->get(), amqp::channel, amqp::bytes_of(classic), 0, 1, 0, 0, amqp_empty_table);
    REQUIRE(amqp_get_rpc_reply(other->get()).reply_type == AMQP_RESPONSE_NORMAL);
    const std::vector<amqp::Queue> queues{queue, {classic, {classic}}};
    const auto differs = session->declare(exchange, queues);
    REQUIRE_FALSE(differs);
    CHECK(differs.error().code == Code::conflict);
    CHECK(differs.error().reason == "amqp_queue_differs");
    CHECK(differs.error().detail.starts_with(classic + " is there with other properties"));
    CHECK(session->keep_alive().error() == differs.error());

    auto another = open(address);
    const auto direct = another->declare("amq.direct", {});
    REQUIRE_FALSE(direct);
    CHECK(direct.error().reason == "amqp_exchange_differs");
  }

  SECTION("what the broker does not know ends the session with its words") {
    const auto unknown = session->publish("no-such-exchange", numbered(queue, 1, 1));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Code::unavailable);
    CHECK(unknown.error().reason == "amqp_closed_by_broker");
    CHECK_THAT(unknown.error().detail,
               Catch::Matchers::ContainsSubstring("NOT_FOUND - no exchange 'no-such-exchange'"));
    const auto nothing = open(address)->consume("no-such-queue", 1);
    REQUIRE_FALSE(nothing);
    CHECK_THAT(nothing.error().detail, Catch::Matchers::ContainsSubstring("NOT_FOUND - no queue 'no-such-queue'"));
  }

  SECTION("ten thousand messages") {
    const int count = 10'000;
    auto messages = numbered(queue, 1, count);
    for (auto& message : messages) message.body.resize(500, ' ');
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(session->publish(exchange, messages));
    const auto published = std::chrono::steady_clock::now();
    REQUIRE(session->consume(queue.name, 500));
    int next = 1;
    while (next <= count) {
      const auto some = session->receive(200, seconds{10});
      REQUIRE(some);
      REQUIRE_FALSE(some->empty());
      for (const auto& delivery : *some)
        if (std::stoi(delivery.body) != next++) FAIL("out of order: " + delivery.body);
      REQUIRE(session->acknowledge(some->back().tag));
    }
    const auto received = std::chrono::steady_clock::now();
    const auto ms = [](auto time) { return std::chrono::duration_cast<milliseconds>(time).count(); };
    std::cout << count << " messages of 500 bytes: confirmed in " << ms(published - begin) << " ms, received in "
              << ms(received - published) << " ms\n";
    CHECK(quiet(*session));
  }
}

}  // namespace
