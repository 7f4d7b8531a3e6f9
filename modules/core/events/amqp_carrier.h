// AmqpCarrier: events by way of a RabbitMQ broker. The outbox remains the truth: a relay publishes from it, and what
// the broker has not confirmed is published again.
//
//   outbox ──relay──▶ exchange svc.events (topic, by type) ──▶ queue svc.<consumer> ──▶ inbox
//                └──▶ the queue named as the type, where a foreign program has made one
//
// Every process declares the queues of all consumers before it publishes: what nobody has declared gets nothing.
// One process at a time relays an outbox, by a lease in its database, so that a queue gets events in their order; the
// broker serves one process at a time from a queue (single active consumer), which acknowledges once the effects are on
// disk. What is delivered twice meets the inbox.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "amqp/address.h"
#include "amqp/session.h"
#include "events/carrier.h"

namespace svc::events {

struct AmqpOptions {
  std::string exchange = "svc.events";
  bool classic_queues = true;
  std::int64_t prefetch = 200;
  std::int64_t lease_ms = 10'000;
  amqp::Options connection{};
  static constexpr auto fields() {
    return rows(
        field(&AmqpOptions::exchange, "exchange",
              "The topic exchange that all events are published to; each system that shares a broker needs its own, "
              "after which its queues are named then",
              Length{1, 200}, Default{"svc.events"}),
        field(&AmqpOptions::classic_queues, "classic_queues",
              "Whether events are published to queues of their type's name too, such as order_created, where foreign "
              "programs have made them",
              Default{true}),
        field(&AmqpOptions::prefetch, "prefetch", "Events that a consumer is given before it has acknowledged any",
              Range{1, 10'000}, Default{200}),
        field(&AmqpOptions::lease_ms, "lease_ms",
              "Time after which another process relays an outbox whose relay is silent", Range{300, 600'000},
              Default{10'000}),
        field(&AmqpOptions::connection, "connection", "The connections to the broker"));
  }
};

class AmqpCarrier final : public Carrier {
 public:
  /// `queues`: one for each consumer there is, named by queue_of(), with the types it wants as keys. `owner` names this
  /// process among those that share databases.
  AmqpCarrier(amqp::Address address, AmqpOptions options, std::vector<amqp::Queue> queues, std::string owner,
              const Clock& clock);
  std::unique_ptr<Carrying> send(Outbox& outbox) override;
  std::unique_ptr<Carrying> deliver(Consumer& consumer) override;

 private:
  const amqp::Address address_;
  const AmqpOptions options_;
  const std::vector<amqp::Queue> queues_;
  const std::string owner_;
  const Clock& clock_;
};

/// Systems that share a broker are told apart by their exchange.
inline std::string queue_of(std::string_view consumer, const AmqpOptions& options) {
  const bool usual = options.exchange == AmqpOptions{}.exchange;
  return (usual ? "svc" : options.exchange) + "." + std::string(consumer);
}

/// The queue of a consumer that wants the events of this list.
template <class List>
amqp::Queue queue_for(std::string_view consumer, const AmqpOptions& options) {
  amqp::Queue queue{queue_of(consumer, options), {}};
  List::each([&]<class E>() { queue.keys.emplace_back(E::event.type); });
  return queue;
}

}  // namespace svc::events
