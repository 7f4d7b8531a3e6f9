// How a service's contract becomes part of the document (openapi.h). Slow to compile; included through
// outside_of.h only.
#pragma once

#include <set>
#include <string>

#include "base/schema.h"
#include "contract/door.h"
#include "http/openapi.h"
#include "http/routes.h"
#include "http/wire.h"

namespace svc::http {

struct OpenApi::Parts {
  OrderedJson paths = OrderedJson::object();
  OrderedJson tags = OrderedJson::array();
  Schemas schemas;
  std::set<int> problems;  ///< statuses that some operation refuses with
};

namespace detail {

/// What decides how an operation may refuse, beyond its endpoint.
struct RefusalTraits {
  const Endpoint& endpoint;
  bool takes_body;
  bool has_fields;
  bool limits_caller;
};
std::set<int> refusals_of(const RefusalTraits& traits);
/// An operation's object without parameters, body and answers, but with what its endpoint says.
OrderedJson describe_endpoint(const Endpoint& endpoint, std::string_view service);
void add_refusals(OrderedJson& operation, OpenApi::Parts& parts, const std::set<int>& refusals);
/// Where an operation stands in the document.
OrderedJson& place_for(OpenApi::Parts& parts, const Endpoint& endpoint);

template <class S, class Op>
void describe_one(OpenApi::Parts& parts) {
  constexpr const Endpoint& endpoint = Op::endpoint;
  constexpr bool has_fields = std::tuple_size_v<decltype(Op::fields())> > 0;
  const auto refusals = refusals_of({endpoint, takes_body<Op>(), has_fields, LimitsCaller<Op>});
  OrderedJson operation = describe_endpoint(endpoint, S::name);
  OrderedJson body{{"type", "object"}, {"properties", OrderedJson::object()}};
  OrderedJson required = OrderedJson::array();
  each_field<Op>([&](const auto& f) {
    OrderedJson schema = svc::detail::schema_of_field(f, parts.schemas, true);
    if (in_body<Op>(f.name)) {
      body["properties"][std::string(f.name)] = std::move(schema);
      if (!may_be_absent(f)) required.push_back(f.name);
      return;
    }
    const bool is_path = in_path<Op>(f.name);
    schema.erase("description");
    operation["parameters"].push_back({{"name", f.name},
                                       {"in", is_path ? "path" : "query"},
                                       {"description", f.doc},
                                       {"required", is_path || !may_be_absent(f)},
                                       {"schema", std::move(schema)}});
  });
  if constexpr (takes_body<Op>()) {
    if (!required.empty()) body["required"] = std::move(required);
    body["additionalProperties"] = false;
    operation["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", std::move(body)}}}}}};
  }
  using Answer = typename Op::Response;
  const auto add_answer = [&](int status) {
    OrderedJson& answer = operation["responses"][std::to_string(status)];
    answer["description"] = status == 201 ? "Made" : status == 204 ? "Done" : "As asked";
    if constexpr (!std::is_same_v<Answer, Nothing>)
      answer["content"]["application/json"]["schema"] = schema_of<Answer>(parts.schemas, false);
    if (status == 201 && !endpoint.location.empty())
      answer["headers"]["Location"] = {{"description", "Where it is found"}, {"schema", {{"type", "string"}}}};
  };
  if constexpr (SaysCreated<Answer>) add_answer(201);
  add_answer(endpoint.success);
  add_refusals(operation, parts, refusals);
  place_for(parts, endpoint) = std::move(operation);
}

}  // namespace detail

template <class S>
void describe_service(OpenApi& document) {
  auto& parts = document.parts();
  parts.tags.push_back({{"name", S::name}, {"description", S::summary}});
  S::each_operation([&]<class Op>() {
    if constexpr (surface(Op::endpoint) != Surface::internal) detail::describe_one<S, Op>(parts);
  });
}

}  // namespace svc::http
