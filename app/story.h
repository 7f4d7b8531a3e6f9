// What operators may ask a process about one request or order (`svc explain`): the spans that it remembers, and what
// the modules keep of an order. Part of Administration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/span.h"
#include "order/order.h"
#include "payment/payment.h"

namespace svc::app {

struct SpanTold {
  std::string trace_id, span_id, parent_id;
  std::optional<std::string> request_id;
  SpanKind kind = SpanKind::call;
  std::string service, operation, outcome;
  std::int64_t start_us = 0, duration_us = 0;
  static constexpr std::string_view schema_name = "Span";
  static constexpr auto fields() {
    return rows(field(&SpanTold::trace_id, "traceId", "The trace it is part of"),
                field(&SpanTold::span_id, "spanId", "What it is known by"),
                field(&SpanTold::parent_id, "parentId", "The span, or the request, that asked for it"),
                field(&SpanTold::request_id, "requestId", "The request, or the order, where its id is a UUID"),
                field(&SpanTold::kind, "kind", "What kind of work it was"),
                field(&SpanTold::service, "service", "Whose work it was"),
                field(&SpanTold::operation, "operation", "What was done"),
                field(&SpanTold::outcome, "outcome", "ok, the code of the error, or a saga's state"),
                field(&SpanTold::start_us, "startUs", "When it began: microseconds since 1970, UTC"),
                field(&SpanTold::duration_us, "durationUs", "How long it took, in microseconds"));
  }
};

struct Spans {
  std::vector<SpanTold> items;
  bool more = false;
  static constexpr std::string_view schema_name = "Spans";
  static constexpr auto fields() {
    return rows(field(&Spans::items, "items", "The spans, oldest first"),
                field(&Spans::more, "more", "Whether there are older ones beyond the thousand that are told"));
  }
};

struct FindSpans {
  std::string id;
  static constexpr auto fields() {
    return rows(field(&FindSpans::id, "id", "A trace, a request or an order", Length{1, longest_request_id}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/admin/spans/{id}",
                                     .name = "find_spans",
                                     .summary = "Tells what this process remembers of a trace, a request or an order",
                                     .access = Access::admin,
                                     .retry = Retry::read};
  using Response = Spans;
};

struct OrderStory {
  order::Order order;
  std::vector<order::TimelineEntry> timeline;
  std::optional<payment::Payment> payment;
  std::optional<std::string> trouble;
  static constexpr std::string_view schema_name = "OrderStory";
  static constexpr auto fields() {
    return rows(field(&OrderStory::order, "order", "The order"),
                field(&OrderStory::timeline, "timeline", "What was done for it, oldest first"),
                field(&OrderStory::payment, "payment", "Its payment, if there is one"),
                field(&OrderStory::trouble, "trouble", "Why a part of this could not be had"));
  }
};

struct TellOrder {
  std::string id;
  static constexpr auto fields() { return rows(field(&TellOrder::id, "id", "The order")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/admin/orders/{id}",
                                     .name = "tell_order",
                                     .summary = "Tells what the modules keep of an order",
                                     .access = Access::admin,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = OrderStory;
};

}  // namespace svc::app
