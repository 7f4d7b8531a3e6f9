// Sessions on a broker that crashes, stands still, or is short of memory.
#include <atomic>
#include <future>
#include <thread>

#include "amqp/fixture.h"

namespace {

using namespace svc;
using namespace svc::test;
using Steady = std::chrono::steady_clock;

// A session that consumes, once the broker that has just started has its queues again.
std::unique_ptr<amqp::Session> consumer(const amqp::Address& address, const amqp::Queue& queue) {
  std::unique_ptr<amqp::Session> session;
  REQUIRE(eventually([&] {
    auto opened = amqp::Session::open(address, {});
    if (!opened || !(*opened)->consume(queue.name, 60'000)) return false;
    session = std::move(*opened);
    return true;
  }));
  return session;
}

TEST_CASE("what a broker confirmed is there after its crash, and who was with it is told") {
  if (!Broker::there()) return;
  static Broker broker;
  const auto address = address_of(broker);
  const auto queue = new_queue();
  auto session = open(address);
  declare(*session, queue);
  REQUIRE(eventually([&] { return broker.keeps(queue.name); }));
  auto idle = open(address), waiting = open(address);

  std::atomic<int> confirmed{0};
  std::optional<Error> end_of_publisher, end_of_receiver;
  std::thread publisher([&] {
    while (!end_of_publisher) {
      const auto published = session->publish(exchange, numbered(queue, confirmed + 1, confirmed + 50));
      if (published) confirmed += 50;
      else end_of_publisher = published.error();
    }
  });
  std::thread receiver([&] {
    const auto received = waiting->receive(1, seconds{60});  // consumes nothing: it only hears
    if (!received) end_of_receiver = received.error();
  });
  const bool under_way = eventually([&] { return confirmed >= 1'000; });
  broker.kill();
  publisher.join();
  receiver.join();
  REQUIRE(under_way);
  CHECK(end_of_publisher->code == Code::unavailable);
  CHECK(end_of_publisher->reason == "amqp_lost");
  REQUIRE(end_of_receiver);
  CHECK(end_of_receiver->reason == "amqp_lost");
  const auto noticed = idle->keep_alive();
  REQUIRE_FALSE(noticed);
  CHECK(noticed.error().reason == "amqp_lost");
  CHECK(amqp::Session::open(address, {}).error().reason == "amqp_unreachable");

  broker.start();
  CHECK(session->publish(exchange, {}).error() == *end_of_publisher);  // of no more use
  auto again = consumer(address, queue);
  const auto all = gather(*again, static_cast<std::size_t>(confirmed.load()));
  CHECK(bodies(all) == bodies(1, confirmed));
  auto publishing = open(address);
  declare(*publishing, queue);
  CHECK(publishing->publish(exchange, numbered(queue, 1, 1)));

  broker.stop();
  const auto farewell = publishing->keep_alive();
  REQUIRE_FALSE(farewell);
  CHECK(farewell.error().reason == "amqp_closed_by_broker");
}

TEST_CASE("a broker that stands still or takes nothing is left in good time") {
  if (!Broker::there()) return;
  static Broker broker;
  const auto address = address_of(broker);
  const auto queue = new_queue();
  amqp::Options brisk;
  brisk.connect_timeout_ms = 1'000;
  brisk.answer_timeout_ms = 1'000;
  auto session = open(address, brisk);
  declare(*session, queue);

  SECTION("it stands still") {
    auto asking = open(address, brisk);
    brisk.heartbeat_seconds = 1;
    auto idle = open(address, brisk), listening = open(address, brisk);
    const auto until = Steady::now() + seconds{5};  // longer than two heartbeats: they keep the connections
    while (Steady::now() < until) {
      REQUIRE(idle->keep_alive());
      REQUIRE(listening->receive(1, milliseconds{100}));
    }
    broker.freeze();
    const auto begin = Steady::now();
    const auto silence = session->publish(exchange, numbered(queue, 1, 1));
    const auto question = asking->consume(queue.name, 1);
    const auto door = amqp::Session::open(address, brisk);
    const auto took = Steady::now() - begin;
    const auto noticed = eventually([&] { return !idle->keep_alive(); });
    const auto heard = listening->receive(1, seconds{30});
    broker.thaw();
    CHECK(silence.error().reason == "amqp_no_answer");
    CHECK(question.error().reason == "amqp_no_answer");
    CHECK(door.error().reason == "amqp_unreachable");
    CHECK(took < seconds{9});  // three times a second, and not librabbitmq's own 12
    CHECK(noticed);
    CHECK(idle->keep_alive().error().reason == "amqp_lost");
    CHECK(heard.error().reason == "amqp_lost");
  }

  SECTION("it stands still, and an interrupt ends the waiting for it") {
    const auto interrupted = [&](auto wait) {
      const auto interrupt = std::make_shared<amqp::Interrupt>();
      const auto begin = Steady::now();
      auto waiting = std::async(std::launch::async, [&] { return wait(interrupt); });
      const bool waits = waiting.wait_for(milliseconds{200}) == std::future_status::timeout;
      interrupt->interrupt();
      const Error error = waiting.get();
      CHECK(waits);
      CHECK(Steady::now() - begin < seconds{2});
      CHECK(error.code == Code::unavailable);
      const auto too_late = amqp::Session::open(address, {}, interrupt);
      REQUIRE_FALSE(too_late);
      CHECK(too_late.error().reason == "amqp_lost");
    };
    interrupted([&](auto interrupt) {
      auto opened = amqp::Session::open(address, {}, interrupt);
      REQUIRE(opened);
      broker.freeze();
      return (*opened)->publish(exchange, numbered(queue, 1, 1)).error();
    });
    interrupted([&](auto interrupt) { return amqp::Session::open(address, {}, interrupt).error(); });
    broker.thaw();
  }

  SECTION("it is short of memory") {
    auto large = open(address, brisk);
    REQUIRE(broker.control({"set_vm_memory_high_watermark", "0.000001"}).status == 0);
    const auto small = session->publish(exchange, numbered(queue, 1, 1));
    // More than the connection holds: it cannot even be sent.
    auto messages = numbered(queue, 2, 40);
    for (auto& message : messages) message.body.resize(1'000'000, 'x');
    const auto begin = Steady::now();
    const auto stuck = large->publish(exchange, messages);
    const auto took = Steady::now() - begin;
    REQUIRE(broker.control({"set_vm_memory_high_watermark", "0.6"}).status == 0);
    REQUIRE_FALSE(small);
    CHECK(small.error().code == Code::unavailable);
    CHECK(small.error().reason == "amqp_blocked");
    REQUIRE_FALSE(stuck);
    CHECK(stuck.error().code == Code::unavailable);
    CHECK(took < seconds{15});  // less than a heartbeat, which would have ended it too
    auto again = open(address, brisk);
    CHECK(eventually([&] { return again->publish(exchange, numbered(queue, 41, 41)).has_value(); }));
  }
}

}  // namespace
