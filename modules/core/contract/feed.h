// EventFeed: by which a module's outbox is read, in this process or from another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/event.h"
#include "contract/service.h"

namespace svc {

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

/// Up to where a feed has been read, and the id of the event there: by it another outbox is told from the one
/// it was.
struct FeedCursor {
  std::int64_t position = 0;
  std::string event{};
  bool operator==(const FeedCursor&) const = default;
};

struct FeedPage {
  std::vector<FeedEntry> items;
  std::int64_t next = 0, oldest = 0, last = 0;
  std::string event;
  std::optional<bool> replaced;
  static constexpr auto fields() {
    return rows(field(&FeedPage::items, "items", "The events, in the order in which they happened"),
                field(&FeedPage::next, "next", "The position to go on after"),
                field(&FeedPage::oldest, "oldest", "The first position that is still kept"),
                field(&FeedPage::last, "last", "The last position there has been"),
                field(&FeedPage::event, "event", "The id of the event at next, to ask on with", Default{""}),
                field(&FeedPage::replaced, "replaced",
                      "True when the outbox is another than the one that was read, put back from a backup: this page "
                      "is from its beginning"));
  }
};

struct ReadFeed {
  std::string consumer;
  std::int64_t after = 0;
  std::string types;
  int limit = 100, wait = 0;
  std::string event{};
  static constexpr auto fields() {
    return rows(field(&ReadFeed::consumer, "consumer", "Who reads: what it has not yet asked beyond is kept for it",
                      Length{1, 100}),
                field(&ReadFeed::after, "after", "Only events behind this position", Range{0, INT64_MAX}, Default{0}),
                field(&ReadFeed::types, "types", "Only events of these types, parted by commas; empty: of all",
                      Length{0, 1'000}, Default{""}),
                field(&ReadFeed::limit, "limit", "How many at most", Range{1, feed_page_limit}, Default{100}),
                field(&ReadFeed::wait, "wait", "Seconds to wait for one where there is none",
                      Range{0, longest_feed_wait}, Default{0}),
                field(&ReadFeed::event, "event",
                      "The id of the event at the position, where it is known: another there tells of "
                      "an outbox that was put back",
                      Length{0, 200}, Default{""}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/internal/events",
                                     .name = "read_feed",
                                     .summary = "Reads the module's events behind a position, as soon as there are any",
                                     .access = Access::service,
                                     .retry = Retry::read,
                                     .patience_seconds = longest_feed_wait};
  using Response = FeedPage;
};

/// A module's events, for whoever consumes them, beside the module's own operations.
struct EventFeed : Service<EventFeed, ReadFeed> {
  static constexpr std::string_view name = "event_feed";
  static constexpr std::string_view summary = "What has happened in a module";
};

}  // namespace svc
