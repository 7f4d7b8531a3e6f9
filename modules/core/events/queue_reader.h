// QueueReader: gives a consumer what the broker has for it, and acknowledges what has had its effect.
#pragma once

#include <atomic>

#include "events/amqp_carrier.h"
#include "events/broker_link.h"

namespace svc::events {

class QueueReader final : public Carrying {
 public:
  QueueReader(Consumer& consumer, const amqp::Address& address, const AmqpOptions& options,
              const std::vector<amqp::Queue>& queues);

  void start(Loop& loop) override;
  void stopping() override;
  void stop() override;

 private:
  Task<> run();
  Task<Result<Nothing>> take_some();

  Consumer& consumer_;
  const AmqpOptions options_;
  BrokerLink broker_;
  Loop* loop_ = nullptr;
  int failures_ = 0;
  std::atomic<bool> ending_{false};
  Background background_{[this] { return run(); }};
};

/// The event in a message. One that is none becomes an event of the type "unreadable", which nobody knows.
Envelope event_in(const amqp::Delivery& delivery);

}  // namespace svc::events
