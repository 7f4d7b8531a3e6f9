// The one door into an implementation. Local callers and HTTP routes enter here and nowhere else, so both meet
// the same checks in the same order: deadline, right, rules; and exceptions end here.
#pragma once

#include <exception>
#include <optional>

#include "base/check.h"
#include "contract/operation_meter.h"
#include "contract/service.h"
#include "contract/span.h"
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
Error defect(std::string_view service, std::string_view operation, const Origin& origin, std::exception_ptr thrown);

namespace detail {

/// A call that has come through the door, until it ends: counted and remembered then.
class Passage {
 public:
  Passage(OperationMeter& meter, const Endpoint& endpoint, Call& call)
      : meter_(meter), origin_(call.origin), span_(Span::begin(call, meter.service(), endpoint, SpanKind::call)) {}
  Steady::time_point begun() const { return span_.begun; }

  void end(std::optional<Code> failure) { meter_.note(failure, span_.end(outcome_of(failure))); }
  template <class Answer>
  void end_with(const Result<Answer>& result) {
    end(result ? std::nullopt : std::optional(result.error().code));
  }
  /// The answer in place of what was thrown.
  tl::unexpected<Error> end_by(std::exception_ptr thrown) {
    auto error = defect(meter_.service(), meter_.operation(), *origin_, std::move(thrown));
    end(error.code);
    return fail(std::move(error));
  }

 private:
  OperationMeter& meter_;
  std::shared_ptr<const Origin> origin_;
  Span span_;
};

/// The reply, or defect() in place of what it throws. Of the answer's type alone: many operations share one,
/// and a coroutine is dear to compile.
template <class Answer>
Task<Result<Answer>> finish(Task<Result<Answer>> reply, Passage passage) {
  std::exception_ptr thrown;
  try {
    auto result = co_await reply;
    passage.end_with(result);
    co_return result;
  } catch (...) {
    thrown = std::current_exception();
  }
  co_return passage.end_by(std::move(thrown));
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
    detail::Passage passage(operation_meter<S, Op>, Op::endpoint, call);
    if (auto refused = refusal_of(call, op, std::move(found), passage.begun())) {
      passage.end(refused->code);
      return fail(std::move(*refused));
    }
    try {
      auto reply = target_->handle(std::move(call), std::move(op));
      if (!reply.ready()) return detail::finish(std::move(reply), passage);
      auto result = reply.take();
      passage.end_with(result);
      return result;
    } catch (...) {
      return passage.end_by(std::current_exception());
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
