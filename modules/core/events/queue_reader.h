// QueueReader: gives a consumer what the broker has for it, and acknowledges what has had its effect.
#pragma once

#include "events/amqp_carrier.h"
#include "events/broker_work.h"

namespace svc::events {

class QueueReader final : public BrokerWork {
 public:
  QueueReader(Consumer& consumer, const amqp::Address& address, const AmqpOptions& options,
              const std::vector<amqp::Queue>& queues);

 private:
  Task<> run() override;
  Task<Result<Nothing>> look();
  Task<Result<Nothing>> wait_for_room();
  Task<Result<Nothing>> take_some();

  Consumer& consumer_;
  const AmqpOptions options_;
  std::int64_t lag_ = 0;
  Steady::time_point next_look_{};
};

/// The event in a message. One that is none becomes an event of the type "unreadable", which nobody knows.
Envelope event_in(const amqp::Delivery& delivery);

}  // namespace svc::events
