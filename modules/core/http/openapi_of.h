// How a service's contract becomes part of the document (openapi.h). Included through outside_of.h only.
#pragma once

#include <set>
#include <string>
#include <vector>

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

  /// What a document says of one operation.
  struct Operation {
    struct Parameter {
      std::string_view name, doc;
      bool in_path, in_body, required;
      OrderedJson schema;
    };
    Endpoint endpoint;
    std::string_view service;
    std::string_view own_url{};  ///< where it is offered, if that is neither the gateway nor the operations port
    std::vector<Parameter> parameters{};
    std::optional<OrderedJson> answer{};  ///< its schema; nothing: it has no content
    bool says_created = false;
    bool limits_caller = false;
  };
  void add_service(std::string_view name, std::string_view summary);
  void add_operation(Operation operation);
};

/// A service that is not reached through the gateway says where it is, by default.
template <class S>
concept HasOwnUrl = requires { S::own_url; };

template <class S>
void describe_service(OpenApi& document) {
  auto& parts = document.parts();
  parts.add_service(S::name, S::summary);
  S::each_operation([&]<class Op>() {
    if constexpr (surface(Op::endpoint) != Surface::internal) {
      OpenApi::Parts::Operation operation{Op::endpoint, S::name};
      if constexpr (HasOwnUrl<S>) operation.own_url = S::own_url;
      each_field<Op>([&](const auto& f) {
        operation.parameters.push_back({f.name, f.doc, in_path<Op>(f.name), in_body<Op>(f.name), !may_be_absent(f),
                                        svc::detail::schema_of_field(f, parts.schemas, true)});
      });
      using Answer = typename Op::Response;
      if constexpr (!std::is_same_v<Answer, Nothing>) operation.answer = schema_of<Answer>(parts.schemas, false);
      operation.says_created = SaysCreated<Answer>;
      operation.limits_caller = LimitsCaller<Op>;
      parts.add_operation(std::move(operation));
    }
  });
}

}  // namespace svc::http
