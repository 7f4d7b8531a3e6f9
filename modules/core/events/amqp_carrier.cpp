#include "events/amqp_carrier.h"

#include <algorithm>
#include <stdexcept>

#include "events/queue_reader.h"
#include "events/relay.h"

namespace svc::events {

AmqpCarrier::AmqpCarrier(amqp::Address address, AmqpOptions options, std::vector<amqp::Queue> queues, std::string owner,
                         const Clock& clock)
    : address_(std::move(address)),
      options_(std::move(options)),
      queues_(std::move(queues)),
      owner_(std::move(owner)),
      clock_(clock) {}

std::unique_ptr<Carrying> AmqpCarrier::send(Outbox& outbox) {
  return std::make_unique<Relay>(outbox, address_, options_, queues_, owner_, clock_);
}

std::unique_ptr<Carrying> AmqpCarrier::deliver(Consumer& consumer) {
  const auto queue = std::ranges::find(queues_, queue_of(consumer.name(), options_), &amqp::Queue::name);
  if (queue == queues_.end()) throw std::logic_error("no queue is declared for " + std::string(consumer.name()));
  for (const auto& source : consumer.sources())
    for (const auto& type : source.types)
      if (std::ranges::find(queue->keys, type) == queue->keys.end())
        throw std::logic_error("the queue of " + std::string(consumer.name()) + " gets no " + type);
  return std::make_unique<QueueReader>(consumer, address_, options_, queues_);
}

}  // namespace svc::events
