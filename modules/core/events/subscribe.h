// Subscribing by an event's type. Includes nlohmann/json.hpp, which is slow to compile: only *_events.cpp
// includes this.
#pragma once

#include <utility>

#include "base/decode.h"
#include "events/consumer.h"

namespace svc::events {

/// `react(sql::Transaction&, const View&, const Envelope&)`, which answers a Result<Nothing>, is what `consumer` does
/// about each E of `module`; see Handler. A consumer that needs few of E's fields gives a View with these alone: the
/// others are then not looked at.
template <EventType E, Described View = E, class React>
void subscribe(Consumer& consumer, const std::string& module, React react) {
  consumer.set_handler(
      module, E::event,
      [react = std::move(react)](sql::Transaction& transaction, const Envelope& event) -> Result<Nothing> {
        const auto content = decode_answer<View>(event.data.text);
        if (!content) return fail(Code::malformed, "unreadable_event", content.error().detail);
        return react(transaction, *content, event);
      });
}

}  // namespace svc::events
