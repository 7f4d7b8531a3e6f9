#include <stdexcept>

#include "base/decode.h"
#include "sender.h"

namespace svc::notification {

Envelope event_of(const std::string& stored) {
  auto event = decode_answer<Envelope>(stored);
  if (!event) throw std::runtime_error("the database holds an event that this program cannot read");
  return std::move(*event);
}

order::Order order_of(const Envelope& event) {
  auto order = decode_answer<order::Order>(event.data.text);
  if (!order) throw std::runtime_error("the database holds an order that this program cannot read");
  return std::move(*order);
}

}  // namespace svc::notification
