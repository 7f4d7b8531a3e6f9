#include "base/decode.h"
#include "base/fnv1a.h"
#include "events/queue_reader.h"

namespace svc::events {
namespace {

constexpr std::size_t kept_of_unreadable = 64 * 1024;  // bytes, for a person to see what it may have been

std::optional<Envelope> read_event(const std::string& body) {
  auto event = decode_answer<Envelope>(body);
  if (!event) return std::nullopt;
  Violations found;
  check(*event, found);
  if (!found.empty() || event->specversion != "1.0") return std::nullopt;
  return std::move(*event);
}

}  // namespace

Envelope event_in(const amqp::Delivery& delivery) {
  if (auto event = read_event(delivery.body)) return std::move(*event);
  Envelope event;
  event.id = "unreadable-" + std::to_string(fnv1a(delivery.body));  // the same when it comes again
  event.source = "unreadable";
  event.type = "unreadable";
  event.subject = event.id;  // holds nothing else up
  event.data.text.clear();
  append_json(event.data.text, std::string_view(delivery.body).substr(0, kept_of_unreadable));
  return event;
}

}  // namespace svc::events
