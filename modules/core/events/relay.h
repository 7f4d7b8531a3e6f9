// Relay: publishes what is in an outbox to the broker, in its order, each event until it is confirmed.
#pragma once

#include <functional>

#include "events/amqp_carrier.h"
#include "events/broker_work.h"
#include "events/outbox_store.h"

namespace svc::events {

class Relay final : public BrokerWork {
 public:
  Relay(Outbox& outbox, const amqp::Address& address, const AmqpOptions& options,
        const std::vector<amqp::Queue>& queues, std::string owner, const Clock& clock);

 private:
  struct Lease {
    std::int64_t position = 0, fence = 0;
    Steady::time_point renew_at{};
  };

  Task<> run() override;
  Task<Result<Nothing>> relay_some();
  Task<Result<Nothing>> write_lease(std::function<Result<Nothing>(ReaderLease&, Time)> change);
  Task<Result<Nothing>> hold_lease();
  Task<Result<Nothing>> advance(std::int64_t position);
  Task<Result<Nothing>> publish(std::vector<FeedEntry> entries);
  void note_copies(const Result<Nothing>& copied);

  Outbox& outbox_;
  const AmqpOptions options_;
  const std::string owner_;
  const Clock& clock_;
  std::optional<Lease> lease_;
  std::string trouble_, copies_trouble_;
};

}  // namespace svc::events
