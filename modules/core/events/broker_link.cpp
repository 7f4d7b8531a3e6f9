#include "events/broker_link.h"

namespace svc::events {
namespace {

constexpr milliseconds moment{300};

}  // namespace

Result<Nothing> BrokerLink::make_ready() {
  if (session_) return Nothing{};
  auto opened = amqp::Session::open(address_, options_, interrupt_);
  if (!opened) return refusal(opened);
  if (auto prepared = prepare_(**opened); !prepared) return prepared;
  session_ = std::move(*opened);
  return Nothing{};
}

Task<> BrokerLink::close() {
  auto closing = pool_.run([this] {
    session_.reset();
    return true;
  });
  co_await closing;
}

void BrokerLink::leave(Loop& loop) const {
  loop.post([interrupt = interrupt_] {
    Loop::current().at(Steady::now() + moment, [interrupt] { interrupt->interrupt(); });
  });
}

}  // namespace svc::events
