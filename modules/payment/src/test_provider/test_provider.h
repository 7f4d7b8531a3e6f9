// The provider for trying and testing. It moves no money, but it is as real as one behind HTTP where it
// matters: it has a database of its own, so that what it approved stays approved whatever becomes of us, and
// its answer can be lost.
//
//   tok_visa      approved
//   tok_declined  declined
//   tok_timeout   approved, but answered only after the deadline; asked again it says so
//   tok_flaky     fails twice per charge, then approved
#pragma once

#include <filesystem>

#include "payment/provider.h"
#include "sql/database.h"

namespace svc::payment::test_provider {

class TestProvider final : public Provider {
 public:
  /// Throws std::runtime_error when the file cannot be used.
  explicit TestProvider(const std::filesystem::path& file);

  bool knows(const std::string& method) const override;
  Task<Result<Decision>> charge(std::string key, Money amount, std::string method,
                                Steady::time_point deadline) override;
  Task<Result<Nothing>> refund(std::string key, Steady::time_point deadline) override;
  std::optional<std::string> trouble() const override { return database_.unwritable(); }

 private:
  sql::Database database_;
};

}  // namespace svc::payment::test_provider
