// Parked events: those that could not have their effect in a consumer, and what an operator may do about
// them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/page.h"
#include "contract/event.h"
#include "contract/service.h"

namespace svc {

enum class ParkedState {
  retrying,  ///< will be tried again by itself
  parked,    ///< was tried in vain, or cannot be read: a person is to see to it
  behind,    ///< waits for an earlier event of its subject
  done,      ///< has had its effect; in answers only
  dropped,   ///< is given up; in answers only
};
constexpr auto names(std::type_identity<ParkedState>) {
  using enum ParkedState;
  return std::array{EnumName{retrying, "retrying"}, EnumName{parked, "parked"}, EnumName{behind, "behind"},
                    EnumName{done, "done"}, EnumName{dropped, "dropped"}};
}

struct ParkedEvent {
  std::string consumer;
  std::int64_t number = 0;
  Envelope event;
  ParkedState state = ParkedState::parked;
  int attempts = 0;
  std::string reason, detail;
  Time parked_at;
  std::optional<Time> next_try_at;
  static constexpr std::string_view schema_name = "ParkedEvent";
  static constexpr auto fields() {
    return rows(field(&ParkedEvent::consumer, "consumer", "The module in which it could not have its effect"),
                field(&ParkedEvent::number, "number", "Its place in the order in which they were parked"),
                field(&ParkedEvent::event, "event", "The event"),
                field(&ParkedEvent::state, "state", "What is done about it"),
                field(&ParkedEvent::attempts, "attempts", "How often it was tried"),
                field(&ParkedEvent::reason, "reason", "Why it failed, for programs"),
                field(&ParkedEvent::detail, "detail", "Why it failed, for people"),
                field(&ParkedEvent::parked_at, "parkedAt", "When it was parked"),
                field(&ParkedEvent::next_try_at, "nextTryAt", "When it is tried again, if it is"));
  }
};

/// How a consumer stands with one module's events.
struct FeedStanding {
  std::string module;
  std::int64_t lag = 0;
  std::optional<std::string> trouble;
  static constexpr std::string_view schema_name = "FeedStanding";
  static constexpr auto fields() {
    return rows(field(&FeedStanding::module, "module", "Whose events; of a broker, its name"),
                field(&FeedStanding::lag, "lag", "Events that it has not yet been given"),
                field(&FeedStanding::trouble, "trouble", "Why it gets none now; absent while all is well"));
  }
};

/// Parked events of one consumer, and how it stands.
struct ParkedPage {
  std::vector<ParkedEvent> items;
  std::optional<std::string> next_cursor;
  std::int64_t retrying = 0, parked = 0, behind = 0;
  std::vector<FeedStanding> feeds;
  static constexpr std::string_view schema_name = "ParkedPage";
  static constexpr auto fields() {
    return rows(field(&ParkedPage::items, "items", "The events, in the order in which they were parked"),
                field(&ParkedPage::next_cursor, "nextCursor", "Leads to the next page; absent on the last"),
                field(&ParkedPage::retrying, "retrying", "How many are tried again"),
                field(&ParkedPage::parked, "parked", "How many are for a person to see to"),
                field(&ParkedPage::behind, "behind", "How many wait for an earlier one of their subject"),
                field(&ParkedPage::feeds, "feeds", "Where its events come from"));
  }
};

struct ListParked {
  int limit = page_default;
  std::optional<std::string> cursor;
  static constexpr auto fields() { return rows(limit_field<ListParked>(), cursor_field<ListParked>()); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/internal/parked-events",
                                     .name = "list_parked_events",
                                     .summary = "Lists events that could not have their effect here",
                                     .access = Access::service,
                                     .retry = Retry::read};
  using Response = ParkedPage;
};

struct GetParked {
  std::string id;
  static constexpr auto fields() { return rows(field(&GetParked::id, "id", "The event")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/internal/parked-events/{id}",
                                     .name = "get_parked_event",
                                     .summary = "Reads a parked event",
                                     .access = Access::service,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = ParkedEvent;
};

struct RetryParked {
  std::string id;
  static constexpr auto fields() { return rows(field(&RetryParked::id, "id", "The event")); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/internal/parked-events/{id}/retry",
                                     .name = "retry_parked_event",
                                     .summary = "Tries a parked event again, now; those behind it follow if it goes",
                                     .access = Access::service,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found, Code::conflict}};
  using Response = ParkedEvent;
};

struct DropParked {
  std::string id;
  static constexpr auto fields() { return rows(field(&DropParked::id, "id", "The event")); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/internal/parked-events/{id}/drop",
                                     .name = "drop_parked_event",
                                     .summary = "Gives a parked event up; those behind it go on",
                                     .access = Access::service,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found}};
  using Response = ParkedEvent;
};

/// What an operator asks of a module that consumes events, beside the module's own operations.
struct ParkedEvents : Service<ParkedEvents, ListParked, GetParked, RetryParked, DropParked> {
  static constexpr std::string_view name = "parked_events";
  static constexpr std::string_view summary = "Events that could not have their effect in a module";
};

}  // namespace svc
