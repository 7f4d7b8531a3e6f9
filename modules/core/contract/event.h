// Event: something that has happened in a module, told to whoever wants to know. Declared once, beside the
// module's operations:
//
//   struct OrderConfirmed {
//     Order order;
//     static constexpr auto fields() { return rows(field(&OrderConfirmed::order, "order", "The order")); }
//     static constexpr EventInfo event{.type = "order_confirmed", .version = 1, .summary = "An order is
//     final"}; const std::string& subject() const { return order.id; }
//   };
//   struct Orders : Service<Orders, …, ReadFeed> {
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
#include "contract/endpoint.h"

namespace svc {

/// What the outside sees of one kind of event.
struct EventInfo {
  std::string_view type;  ///< snake_case, in the past: "order_confirmed". Unique in the system
  int version = 1;  ///< raised when a reader of the one before would misread it; new members do not count
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
    return rows(
        field(&Envelope::specversion, "specversion", "Version of CloudEvents: 1.0"),
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

/// The source of a module's events.
inline std::string source_of(std::string_view module) { return "/svc/" + std::string(module); }

inline constexpr int longest_feed_wait = 30;
inline constexpr int feed_page_limit = 500;

/// An event and where it stands in its module's outbox.
struct FeedEntry {
  std::int64_t position = 0;
  Envelope event;
  static constexpr auto fields() {
    return rows(field(&FeedEntry::position, "position", "Later events have higher ones"),
                field(&FeedEntry::event, "event", "The event"));
  }
};

struct FeedPage {
  std::vector<FeedEntry> items;
  std::int64_t next = 0, oldest = 0, last = 0;
  static constexpr auto fields() {
    return rows(field(&FeedPage::items, "items", "The events, in the order in which they happened"),
                field(&FeedPage::next, "next",
                      "The position to go on after; lower than the one asked for when the "
                      "outbox is another one than it was"),
                field(&FeedPage::oldest, "oldest", "The first position that is still kept"),
                field(&FeedPage::last, "last", "The last position there has been"));
  }
};

/// Reads a module's outbox. Part of the Service of every module that has events.
struct ReadFeed {
  std::string consumer;
  std::int64_t after = 0;
  std::string types;
  int limit = 100, wait = 0;
  static constexpr auto fields() {
    return rows(
        field(&ReadFeed::consumer, "consumer", "Who reads: what it has not yet asked beyond is kept for it",
              Length{1, 100}),
        field(&ReadFeed::after, "after", "Only events behind this position", Range{0, INT64_MAX}, Default{0}),
        field(&ReadFeed::types, "types", "Only events of these types, parted by commas; empty: of all",
              Length{0, 1'000}, Default{""}),
        field(&ReadFeed::limit, "limit", "How many at most", Range{1, feed_page_limit}, Default{100}),
        field(&ReadFeed::wait, "wait", "Seconds to wait for one where there is none",
              Range{0, longest_feed_wait}, Default{0}));
  }
  static constexpr Endpoint endpoint{
      .verb = Verb::get,
      .path = "/internal/events",
      .name = "read_feed",
      .summary = "Reads the module's events behind a position, as soon as there are any",
      .access = Access::service,
      .retry = Retry::read,
      .patience_seconds = longest_feed_wait};
  using Response = FeedPage;
};

}  // namespace svc
