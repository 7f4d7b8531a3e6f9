// Sagas: work that spans services, step by step, and is either completed or undone, whatever dies in between
// (Garcia-Molina and Salem, "Sagas", 1987).
//
// A saga is a row in its module's database. The row, with the intent to run every step, is on disk before the
// first step is tried, and a retry or a change of direction is on disk before it is acted on. Steps must be
// idempotent by the saga's id, on both sides: a step tried twice has happened once, and undoing what never
// happened leaves a mark that refuses it should it still arrive. So a process that finds a saga half-way may
// simply go on: whoever holds its lease tries, and each claim raises the fence, so that a former holder who
// wakes up late can no longer write.
//
//   forward ──all steps done──▶ done ──cancel──▶ compensating ──all undone──▶ undone
//      └──step refused, or tried in vain──▶ compensating ──cannot be undone──▶ stuck ──retry──▶ compensating
//                                                                                └──abandon──▶ abandoned
//
// Between two steps that succeed nothing is written. A saga that is taken up again begins at the last step on disk,
// which costs a repetition; and should it turn back, it is undone from its last step on, however far it had come.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fields.h"
#include "contract/call.h"
#include "sql/session.h"

namespace svc::saga {

enum class State { forward, done, compensating, undone, stuck, abandoned };
constexpr auto names(std::type_identity<State>) {
  return std::array{EnumName{State::forward, "forward"},
                    EnumName{State::done, "done"},
                    EnumName{State::compensating, "compensating"},
                    EnumName{State::undone, "undone"},
                    EnumName{State::stuck, "stuck"},
                    EnumName{State::abandoned, "abandoned"}};
}

/// Why a saga turned back.
struct Failure {
  std::string step;    ///< the step's name
  std::string reason;  ///< the Error's reason: "out_of_stock"
  std::string detail;
};

/// One entry of a saga's history.
struct Entry {
  std::string step;  ///< a step's name, or "create", "resume", "cancel", "retry", "abandon"
  int attempt = 1;
  std::string outcome;  ///< done, refused, or the way it failed: unavailable, timeout, failed
  Time at;
  std::string detail;
};

struct StepNames {
  std::string_view forward, undo;  ///< undo is empty: there is nothing to be undone
};

/// One saga at work. Made when it starts or is taken up again; used by one coroutine at a time.
class Instance {
 public:
  virtual ~Instance() = default;
  /// Tries a step. A Result with Code::conflict, invalid or not_found is a refusal: this try has not happened and
  /// another one would not either. Any other error means that it may have happened, and it is tried again.
  virtual Task<Result<Nothing>> forward(std::size_t step, Call call) = 0;
  virtual Task<Result<Nothing>> undo(std::size_t step, Call call) = 0;
  /// The last step that a try of `step` begins: itself, or a later one that is done beside it and whose own try will
  /// only tell how that went. It is undone with `step`, should that one be refused.
  virtual std::size_t begins(std::size_t step) const { return step; }
  /// The saga is about to change to `state`: done, undone or stuck. `failure` says why it turned back, if it did.
  /// `cause`: what the saga is carried out as, by which it tells of itself.
  virtual void conclude(State state, const Failure* failure, const Call& cause) = 0;
  /// Part of the transaction in which it does: writes what was concluded, and has nothing to work out, since all others
  /// wait for it.
  virtual void settle(sql::Transaction& transaction) = 0;
  /// That transaction is on disk.
  virtual void settled() {}
};

/// The kind of saga a module runs.
struct Definition {
  std::string_view name;  ///< of the module, as spans have it; a literal
  std::vector<StepNames> steps;
  /// The saga of this id, from the module's tables.
  std::function<std::unique_ptr<Instance>(const std::string& id)> load;
};

}  // namespace svc::saga
