#include "sign_in_guard.h"

#include "failures_store.h"

namespace svc::user {
Task<Result<std::string>> SignInGuard::attempt(std::string email_key, std::string address,
                                               Steady::time_point deadline) {
  const Time now = clock_.now();
  const Time window_start = now - seconds{config_.failure_window_seconds};
  std::string id = ids_.next();
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    delete_failures_until(transaction, window_start);
    const auto of_account = failures_of_account(transaction, email_key);
    const auto of_address = failures_of_address(transaction, address);
    const bool account_full = of_account.count >= config_.failures_per_account;
    const bool address_full = of_address.count >= config_.failures_per_address;
    if (account_full || address_full) {
      const Time oldest = account_full ? of_account.oldest : of_address.oldest;
      Error error{Code::exhausted, "too_many_failures", "Too many sign-ins have failed; try again later"};
      const auto wait = oldest + seconds{config_.failure_window_seconds} - now;
      error.retry_after = static_cast<int>(std::chrono::ceil<seconds>(wait).count());
      return fail(std::move(error));
    }
    insert_failure(transaction, id, email_key, address, now);
    return Nothing{};
  });
  auto noted = co_await writing;
  if (!noted) co_return refusal(noted);
  co_return id;
}

Task<Result<Nothing>> SignInGuard::succeeded(std::string email_key, Steady::time_point deadline) {
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    delete_failures_of_account(transaction, email_key);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

Task<Result<Nothing>> SignInGuard::withdraw(std::string attempt, Steady::time_point deadline) {
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    delete_failure(transaction, attempt);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

}  // namespace svc::user
