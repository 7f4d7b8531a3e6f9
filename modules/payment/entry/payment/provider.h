// Provider: whoever really moves the money, as the payment module sees it. Made so that one behind HTTP fits:
// every call may wait, may time out, and may have happened when it did.
#pragma once

#include <string>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"
#include "base/money.h"

namespace svc::payment {

enum class Decision { approved, declined };

class Provider {
 public:
  virtual ~Provider() = default;

  /// Whether customers may pay this way.
  virtual bool knows(const std::string& method) const = 0;

  /// Charges once per `key`: asked again, it tells what it decided. Code::unavailable and Code::timeout mean that
  /// the charge may have happened; Code::conflict that this key was refunded or voided.
  virtual Task<Result<Decision>> charge(std::string key, Money amount, std::string method,
                                        Steady::time_point deadline) = 0;

  /// Gives back the charge of `key`, if there was one, and sees to it that none will follow. May be repeated.
  virtual Task<Result<Nothing>> refund(std::string key, Steady::time_point deadline) = 0;

  /// Why it cannot work, of things in this process.
  virtual std::optional<std::string> trouble() const { return std::nullopt; }
};

}  // namespace svc::payment
