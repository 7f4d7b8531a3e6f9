#include "base/decode.h"
#include "events/queue_reader.h"

namespace svc::events {
namespace {

std::optional<Envelope> read_event(const std::string& body) {
  auto event = decode_answer<Envelope>(body);
  if (!event) return std::nullopt;
  Violations found;
  check(*event, found);
  if (!found.empty() || event->specversion != "1.0") return std::nullopt;
  return std::move(*event);
}

// Enough of a hash that a message which comes again is known again (FNV-1a, 64 bits).
std::string name_of(std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return "unreadable-" + std::to_string(hash);
}

}  // namespace

Envelope event_in(const amqp::Delivery& delivery) {
  if (auto event = read_event(delivery.body)) return std::move(*event);
  Envelope event;
  event.id = name_of(delivery.body);
  event.source = "unreadable";
  event.type = "unreadable";
  event.subject = event.id;  // holds nothing else up
  event.data.text.clear();
  append_json(event.data.text, std::string_view(delivery.body));
  return event;
}

}  // namespace svc::events
