// BrokerLink: a session with the broker that is opened when it is wanted, and anew after it broke. Blocking work runs
// on a thread of its own. Internal to core/events.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amqp/session.h"
#include "async/background.h"
#include "async/pool.h"

namespace svc::events {

class BrokerLink {
 public:
  /// `prepare` is done with each new session before it is used.
  using Prepare = std::function<Result<Nothing>(amqp::Session&)>;
  BrokerLink(amqp::Address address, amqp::Options options, Prepare prepare)
      : address_(std::move(address)), options_(std::move(options)), prepare_(std::move(prepare)) {}

  /// Runs `work(amqp::Session&)`, which answers a Result, on the link's thread. After an error the session is given up.
  template <class Do>
  Task<std::invoke_result_t<Do&, amqp::Session&>> run(Do work) {
    using Answer = std::invoke_result_t<Do&, amqp::Session&>;
    auto running = pool_.run([this, work = std::move(work)]() mutable -> Answer {
      if (auto open = make_ready(); !open) return refusal(open);
      auto done = work(*session_);
      if (!done) session_.reset();
      return done;
    });
    auto answer = co_await running;
    if (!answer) co_return refusal(answer);
    co_return std::move(*answer);
  }
  /// Gives the session up: what it was given and has not acknowledged is given to it, or another, again.
  Task<> close();
  /// From now on the broker is given a moment, and then not waited for any more. `loop` measures it.
  /// Thread-safe.
  void leave(Loop& loop) const;

  std::string told() const { return amqp::told(address_); }

 private:
  Result<Nothing> make_ready();

  const amqp::Address address_;
  const amqp::Options options_;
  const Prepare prepare_;
  const std::shared_ptr<amqp::Interrupt> interrupt_ = std::make_shared<amqp::Interrupt>();
  std::unique_ptr<amqp::Session> session_;  // touched on the pool's thread alone
  Pool pool_{1, 4, Priority::background};   // ends first
};

}  // namespace svc::events
