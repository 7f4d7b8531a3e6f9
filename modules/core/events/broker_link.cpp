#include "events/broker_link.h"

namespace svc::events {

Result<Nothing> BrokerLink::make_ready() {
  if (session_) return Nothing{};
  auto opened = amqp::Session::open(address_, options_);
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

}  // namespace svc::events
