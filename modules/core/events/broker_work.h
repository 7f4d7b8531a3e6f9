// BrokerWork: something that goes on with the broker in the background for one module, from a start to a
// stop. Internal to core/events.
#pragma once

#include <atomic>

#include "async/background.h"
#include "events/broker_link.h"
#include "events/carrier.h"
#include "resilience/backoff.h"

namespace svc::events {

class BrokerWork : public Carrying {
 public:
  void start(Loop& loop) final;
  void stopping() final;
  void stop() final;

 protected:
  BrokerWork(const amqp::Address& address, const amqp::Options& options, BrokerLink::Prepare prepare)
      : broker_(address, options, std::move(prepare)) {}
  /// Ends soon after `ending_` is set, or `background_` is told to.
  virtual Task<> run() = 0;

  /// Between one try in vain and the next.
  static constexpr resilience::BackoffOptions backoff{100, 5'000};
  int failures_ = 0;  // in a row

  BrokerLink broker_;
  std::atomic<bool> ending_{false};
  Background background_{[this] { return run(); }};

 private:
  Loop* loop_ = nullptr;
};

}  // namespace svc::events
