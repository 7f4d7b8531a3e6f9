// The one door into an implementation. Local callers and HTTP routes enter here and nowhere else, so both meet
// the same checks in the same order: deadline, right, rules; and exceptions end here.
#pragma once

#include <exception>
#include <optional>

#include "base/check.h"
#include "contract/operation_meter.h"
#include "contract/service.h"
#include "observe/log.h"

namespace svc {

/// An operation that only some may wish for has `bool permits(const Caller&) const`. It is asked before the
/// rules are checked, and may be asked about an operation that breaks them. Where being a service is right enough
/// (Access::registrar), services are not asked.
template <class Op>
concept LimitsCaller = requires(const Op& op, const Caller& caller) {
  { op.permits(caller) } -> std::same_as<bool>;
};

/// Whether this caller may ask for an operation of this access at all. Needs no request body, so the HTTP
/// route asks before it reads one.
std::optional<Error> refuse_caller(const Call& call, Access access);

/// The answer in place of an exception, which is logged under the request's id and told to nobody else.
Error defect(std::string_view service, std::string_view operation, const Call& call, std::exception_ptr thrown);

namespace detail {

/// How a call ended, as it is counted.
template <class Answer>
std::optional<Code> failure_of(const Result<Answer>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

/// The reply, or defect() in place of what it throws. Of the answer's type alone: many operations share one,
/// and a coroutine is dear to compile.
template <class Answer>
Task<Result<Answer>> finish(Task<Result<Answer>> reply, Call call, OperationMeter& meter, Steady::time_point begun) {
  std::exception_ptr thrown;
  try {
    auto result = co_await reply;
    meter.note(failure_of(result), Steady::now() - begun);
    co_return result;
  } catch (...) {
    thrown = std::current_exception();
  }
  meter.note(Code::internal, Steady::now() - begun);
  co_return fail(defect(meter.service(), meter.operation(), call, thrown));
}

}  // namespace detail

template <class S>
class Door {
 public:
  /// `target` must outlive every call.
  explicit Door(S& target) : target_(&target) {}

  /// `found`: what is known to be wrong with `op` already, from reading it.
  template <class Op>
  Reply<Op> enter(Call call, Op op, Violations found = {}) const {
    auto& meter = operation_meter<S, Op>;
    const auto begun = Steady::now();
    if (auto refused = refusal_of(call, op, std::move(found), begun)) {
      meter.note(refused->code, Steady::duration::zero());
      return fail(std::move(*refused));
    }
    const Call kept = call;
    try {
      auto reply = target_->handle(std::move(call), std::move(op));
      if (!reply.ready()) return detail::finish(std::move(reply), kept, meter, begun);
      auto result = reply.take();
      meter.note(detail::failure_of(result), Steady::now() - begun);
      return result;
    } catch (...) {
      meter.note(Code::internal, Steady::now() - begun);
      return fail(defect(S::name, Op::endpoint.name, kept, std::current_exception()));
    }
  }

 private:
  template <class Op>
  static std::optional<Error> refusal_of(const Call& call, const Op& op, Violations found, Steady::time_point now) {
    if (now >= call.deadline) return Error{Code::timeout, "deadline_passed", "The deadline has passed"};
    if (auto refused = refuse_caller(call, Op::endpoint.access)) return refused;
    if constexpr (LimitsCaller<Op>)
      if (call.caller != nullptr && !(Op::endpoint.access == Access::registrar && call.from_service) &&
          !op.permits(*call.caller))
        return Error{Code::forbidden, "forbidden", "The caller may not do this"};
    if (found.empty()) check(op, found);
    if (found.empty()) return std::nullopt;
    return refuse(std::move(found)).value();
  }

  S* target_;
};

/// The Via of a link that stays in this process.
template <class S>
struct Local {
  Door<S> door;
  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    call.from_service = true;
    return door.enter(std::move(call), std::move(op));
  }
};

}  // namespace svc
