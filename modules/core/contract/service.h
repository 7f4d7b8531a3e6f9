// Service: the interface of a module, made of its operations.
//
// An operation is a Described request type with an Endpoint and a Response:
//
//   struct GetItem {
//     std::string sku;
//     static constexpr auto fields() { return rows(field(&GetItem::sku, "sku", "The item")); }
//     static constexpr Endpoint endpoint{…};
//     using Response = Item;
//   };
//   struct Inventory : Service<Inventory, GetItem, PutItem, …> {
//     static constexpr std::string_view name = "inventory";
//   };
//
// The module implements it, one handle() per operation; callers hold an Inventory& and cannot tell a local
// one from one behind HTTP (Stub).
#pragma once

#include "async/task.h"
#include "base/check.h"
#include "base/error.h"
#include "base/fields.h"
#include "contract/call.h"
#include "contract/endpoint.h"

namespace svc {

template <class Op>
using Reply = Task<Result<typename Op::Response>>;

namespace detail {

template <class Op>
consteval bool braces_hold_fields() {
  const std::string_view path = Op::endpoint.path;
  for (auto at = path.find('{'); at != path.npos; at = path.find('{', at + 1))
    if (!has_field<Op>(path.substr(at + 1, path.find('}', at) - at - 1))) return false;
  return true;
}
template <class Op>
consteval bool is_internal_by_both() {
  return (Op::endpoint.access == Access::service) == (surface(Op::endpoint) == Surface::internal);
}

template <class Op>
struct Handles {
  static_assert(braces_hold_fields<Op>(), "the path names something that is no field of the operation");
  static_assert(is_internal_by_both<Op>(), "operations for services, and only they, are under /internal/");
  /// Thread-safe. Takes its arguments by value: a coroutine keeps them (task.h).
  virtual Reply<Op> handle(Call call, Op op) = 0;

 protected:
  ~Handles() = default;  // virtual in Service alone: one for each operation would cost thunks by the square of them
};

}  // namespace detail

template <class Self, class... Ops>
struct Service : detail::Handles<Ops>... {
  using detail::Handles<Ops>::handle...;
  virtual ~Service() = default;
  /// Calls `visit.template operator()<Op>()` for each operation.
  static constexpr void each_operation(auto&& visit) { (visit.template operator()<Ops>(), ...); }
};

namespace detail {

template <class S, class Via, class... Ops>
struct StubOf : S {
  explicit StubOf(Via v) : via(std::move(v)) {}
  Via via;
};
template <class S, class Via, class Op, class... Rest>
struct StubOf<S, Via, Op, Rest...> : StubOf<S, Via, Rest...> {
  using StubOf<S, Via, Rest...>::StubOf;
  using StubOf<S, Via, Rest...>::handle;
  Reply<Op> handle(Call call, Op op) final { return this->via.send(std::move(call), std::move(op)); }
};
template <class S, class Via, class... Ops>
StubOf<S, Via, Ops...> stub_of(Service<S, Ops...>*);

}  // namespace detail

/// Implements all of S by `via.send(call, op)`. A Via (Local in door.h, Link in http/link.h, a test's fake) is
/// written once and serves every module.
template <class S, class Via>
using Stub = decltype(detail::stub_of<S, Via>(static_cast<S*>(nullptr)));

}  // namespace svc
