// Carrier: how events come from the outboxes of modules to those who consume them. Chosen once for a process
// (--events); modules cannot tell which it is.
#pragma once

#include <memory>

#include "async/loop.h"
#include "events/consumer.h"
#include "events/outbox.h"

namespace svc::events {

/// Something of a carrier's that goes on in the background for one module.
class Carrying {
 public:
  virtual ~Carrying() = default;
  virtual void start(Loop& loop) = 0;
  /// Ends what might keep stop() waiting. From any thread; may be left out.
  virtual void stopping() {}
  /// Not from a loop's thread.
  virtual void stop() = 0;
};

class Carrier {
 public:
  virtual ~Carrier() = default;
  /// Sends on what is in an outbox. What is referred to must outlive what is made, in both.
  virtual std::unique_ptr<Carrying> send(Outbox& outbox) = 0;
  /// Brings a consumer its events.
  virtual std::unique_ptr<Carrying> deliver(Consumer& consumer) = 0;
};

/// What a process sets up for the events of its modules.
struct Setup {
  Carrier& carrier;  ///< outlives the modules
  OutboxOptions outbox{};
  ConsumerOptions consumer{};
};

/// Straight from the outbox of a module, by its feed: in this process or another, as its link goes.
class Embedded final : public Carrier {
 public:
  std::unique_ptr<Carrying> send(Outbox& outbox) override;
  std::unique_ptr<Carrying> deliver(Consumer& consumer) override;
};

}  // namespace svc::events
