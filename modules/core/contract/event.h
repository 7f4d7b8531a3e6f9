// Event: something that has happened in a module, told to whoever wants to know. Declared once, beside the
// module's operations:
//
//   struct OrderConfirmed {
//     Order order;
//     static constexpr auto fields() { return rows(field(&OrderConfirmed::order, "order", "The order")); }
//     static constexpr EventInfo event{
//         .type = "order_confirmed", .version = 1, .summary = "An order is final"};
//     const std::string& subject() const { return order.id; }
//   };
//   struct Orders : Service<Orders, …> {
//     using Events = EventList<OrderCreated, OrderConfirmed, …>;
//   };
//
// It holds what the subject then was, not what changed of it: who hears of it late, or again, is not misled.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/fields.h"
#include "contract/call.h"

namespace svc {

/// What the outside sees of one kind of event.
struct EventInfo {
  std::string_view type;     ///< snake_case, in the past: "order_confirmed". Unique in the system
  int version = 1;           ///< raised when a reader of the one before would misread it; new members do not count
  std::string_view summary;  ///< a sentence without its full stop
};

/// Events of one subject are heard in the order in which they happened; of others in any.
template <class E>
concept EventType = Described<E> && requires(const E& e) {
  { E::event } -> std::convertible_to<EventInfo>;
  { e.subject() } -> std::convertible_to<std::string_view>;
};

/// The events of a module.
template <EventType... Es>
struct EventList {
  /// Calls `visit.template operator()<E>()` for each.
  static constexpr void each(auto&& visit) { (visit.template operator()<Es>(), ...); }
};

/// An event on its way, whatever carries it: a CloudEvent (CloudEvents 1.0.2, JSON format) with two
/// extensions, `dataversion` (EventInfo::version) and `traceparent` (its Distributed Tracing extension, W3C
/// Trace Context).
struct Envelope {
  std::string specversion = "1.0";
  std::string id;
  std::string source;  ///< "/svc/order"
  std::string type, subject;
  Time time;
  std::string datacontenttype = "application/json";
  std::int64_t dataversion = 1;
  std::optional<std::string> traceparent;
  JsonText data;
  static constexpr std::string_view schema_name = "Envelope";
  static constexpr auto fields() {
    return rows(field(&Envelope::specversion, "specversion", "Version of CloudEvents: 1.0"),
                field(&Envelope::id, "id", "One event has one id, however often it comes", Length{1, 200}),
                field(&Envelope::source, "source", "Where it happened: /svc/ and the module", Length{1, 200}),
                field(&Envelope::type, "type", "What happened", Length{1, 100}),
                field(&Envelope::subject, "subject", "To what it happened", Length{0, 500}),
                field(&Envelope::time, "time", "When it happened"),
                field(&Envelope::datacontenttype, "datacontenttype", "What data is: application/json",
                      Default{"application/json"}),
                field(&Envelope::dataversion, "dataversion", "Version of the data", Range{1, 1'000'000}, Default{1}),
                field(&Envelope::traceparent, "traceparent", "The trace it is part of (W3C Trace Context)"),
                field(&Envelope::data, "data", "What the subject then was"));
  }
  bool operator==(const Envelope&) const = default;
};

/// What is done about an event: part of its trace, if it has one, in the name of its subject.
inline Call call_about(const Envelope& event) {
  const auto trace = read_traceparent(event.traceparent.value_or(""));
  if (!trace) return {};
  return {.origin = std::make_shared<const Origin>(Origin::of(event.subject, trace)), .span = trace->parent};
}

/// The source of a module's events.
inline std::string source_of(std::string_view module) { return "/svc/" + std::string(module); }

}  // namespace svc
