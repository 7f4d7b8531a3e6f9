// AsyncApi: the document that describes the events that modules tell of (AsyncAPI 3.0), put together from the
// contracts. It is committed as tests/golden/asyncapi.json, so a change of an event is a difference that
// somebody sees. Slow to compile: only app/documents.cpp includes this.
#pragma once

#include <string>

#include "base/schema.h"
#include "contract/event.h"

namespace svc::events {

class AsyncApi {
 public:
  /// Adds the events of a service.
  template <class S>
  void describe() {
    S::Events::each([&]<class E>() { add(S::name, E::event, schema_of<E>(schemas_, false)); });
  }
  /// The whole document as JSON text, two spaces deep.
  std::string print() const;

 private:
  void add(std::string_view module, const EventInfo& event, OrderedJson data);

  OrderedJson channels_ = OrderedJson::object(), operations_ = OrderedJson::object(), messages_ = OrderedJson::object();
  Schemas schemas_;
};

}  // namespace svc::events
