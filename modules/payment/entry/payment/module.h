// How a process hosts the payment module. Included by app and tests only.
#pragma once

#include <filesystem>
#include <memory>

#include "base/fields.h"
#include "module/module.h"
#include "payment/payment.h"
#include "payment/provider.h"

namespace svc::payment {

enum class ProviderKind { test };
constexpr auto names(std::type_identity<ProviderKind>) { return std::array{EnumName{ProviderKind::test, "test"}}; }

struct Config {
  ProviderKind provider = ProviderKind::test;
  static constexpr auto fields() {
    return rows(field(&Config::provider, "provider", "Who moves the money: test, the built-in one that moves none",
                      Default{"test"}));
  }
};

/// `database`: the module's SQLite file; the built-in provider keeps its own beside it.
/// Throws std::runtime_error when they cannot be used.
std::unique_ptr<Hosted<Payments>> make(const Config& config, const Environment& environment,
                                       const std::filesystem::path& database);
/// The same with a provider of the caller's, for tests.
std::unique_ptr<Hosted<Payments>> make(std::unique_ptr<Provider> provider, const Environment& environment,
                                       const std::filesystem::path& database);

}  // namespace svc::payment
