// What the tests of sessions share: names that no other test uses, and messages that are numbered.
#pragma once

#include <string>
#include <vector>

#include "amqp/session.h"
#include "base/ids.h"
#include "support/broker.h"
#include "support/catch.h"
#include "support/eventually.h"

namespace svc::test {

inline const std::string exchange = "svc.test";

inline amqp::Address address_of(const Broker& broker) { return amqp::parse_address(broker.url()).value(); }

inline std::unique_ptr<amqp::Session> open(const amqp::Address& address, const amqp::Options& options = {}) {
  auto session = amqp::Session::open(address, options);
  INFO((session ? "" : session.error().detail));
  REQUIRE(session);
  return std::move(*session);
}

/// A queue that gets what is published by its own name.
inline amqp::Queue new_queue() {
  const auto name = "queue-" + std::to_string(random_bits());
  return {name, {name}};
}
inline void declare(amqp::Session& session, const amqp::Queue& queue) {
  const auto declared = session.declare(exchange, std::span(&queue, 1));
  INFO((declared ? "" : declared.error().detail));
  REQUIRE(declared);
}

/// Messages whose bodies are the numbers from `first` to `last`, for that queue.
inline std::vector<amqp::Message> numbered(const amqp::Queue& queue, int first, int last) {
  std::vector<amqp::Message> messages;
  for (int i = first; i <= last; ++i)
    messages.push_back({queue.name, "id-" + std::to_string(i), "text/plain", std::to_string(i)});
  return messages;
}
inline std::vector<std::string> bodies(int first, int last) {
  std::vector<std::string> texts;
  for (int i = first; i <= last; ++i) texts.push_back(std::to_string(i));
  return texts;
}

/// Receives until there are `count`, or nothing comes any more.
inline std::vector<amqp::Delivery> gather(amqp::Session& session, std::size_t count) {
  std::vector<amqp::Delivery> all;
  while (all.size() < count) {
    auto some = session.receive(count - all.size(), seconds{10});
    REQUIRE(some);
    if (some->empty()) break;
    for (auto& delivery : *some) all.push_back(std::move(delivery));
  }
  return all;
}
inline std::vector<std::string> bodies(const std::vector<amqp::Delivery>& deliveries) {
  std::vector<std::string> texts;
  for (const auto& delivery : deliveries) texts.push_back(delivery.body);
  return texts;
}

/// Whether nothing comes for a while in which all that is there would have come.
inline bool quiet(amqp::Session& session) {
  auto some = session.receive(1, milliseconds{400});
  REQUIRE(some);
  return some->empty();
}

}  // namespace svc::test
