// Outcome: what a call said about the instance that was to answer it. Whoever made the call decides; this is
// the decision to take unless there is a reason for another.
#pragma once

#include "base/error.h"

namespace svc::resilience {

enum class Outcome { success, failure };

/// A failure is an answer that another instance, or the same one later, might have given otherwise: none at
/// all, none in time, or a defect. A refusal is a success: who refuses is well, and so is who asks to be
/// spared (Code::exhausted).
///
/// Not for what never left this process (a breaker that is open, a full bulkhead, a deadline that passed in a
/// queue): that says nothing of the instance, and is not recorded.
constexpr Outcome outcome_of(Code code) {
  return code == Code::unavailable || code == Code::timeout || code == Code::internal ? Outcome::failure
                                                                                      : Outcome::success;
}

template <class T>
constexpr Outcome outcome_of(const Result<T>& answer) {
  return answer ? Outcome::success : outcome_of(answer.error().code);
}

}  // namespace svc::resilience
