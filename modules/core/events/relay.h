// Relay: publishes what is in an outbox to the broker, in its order, each event until it is confirmed.
#pragma once

#include <atomic>

#include "events/amqp_carrier.h"
#include "events/broker_link.h"

namespace svc::events {

class Relay final : public Carrying {
 public:
  Relay(Outbox& outbox, const amqp::Address& address, const AmqpOptions& options, const std::vector<amqp::Queue>& queues,
        std::string owner, const Clock& clock);

  void start(Loop& loop) override;
  void stopping() override;
  void stop() override;

 private:
  struct Lease {
    std::int64_t position = 0, fence = 0;
    Steady::time_point renew_at{};
  };

  Task<> run();
  Task<Result<Nothing>> relay_some();
  Task<Result<Nothing>> hold_lease();
  Task<Result<Nothing>> advance(std::int64_t position);
  Task<Result<Nothing>> publish(std::vector<FeedEntry> entries);

  Outbox& outbox_;
  const AmqpOptions options_;
  const std::string owner_;
  const Clock& clock_;
  BrokerLink broker_;
  std::optional<Lease> lease_;
  std::string trouble_;
  Loop* loop_ = nullptr;
  int failures_ = 0;
  std::atomic<bool> ending_{false};
  Background background_{[this] { return run(); }};
};

}  // namespace svc::events
