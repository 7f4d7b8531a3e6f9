#include "sign_in_guard.h"

namespace svc::user {
namespace {

struct Failures {
  std::int64_t count = 0;
  Time oldest;
};
Failures read_failures(const sql::Row& row) { return {row.integer(0), row.time(1)}; }

}  // namespace

Task<Result<std::string>> SignInGuard::attempt(std::string email_key, std::string address,
                                               Steady::time_point deadline) {
  const Time now = clock_.now();
  const Time window_start = now - seconds{config_.failure_window_seconds};
  std::string id = ids_.next();
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    transaction.execute("DELETE FROM sign_in_failures WHERE at <= ?", window_start);
    const auto of_account = transaction.first(
        "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM sign_in_failures WHERE email_key = ?", read_failures, email_key);
    const auto of_address = transaction.first(
        "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM sign_in_failures WHERE address = ?", read_failures, address);
    const bool account_full = of_account->count >= config_.failures_per_account;
    const bool address_full = of_address->count >= config_.failures_per_address;
    if (account_full || address_full) {
      const Time oldest = account_full ? of_account->oldest : of_address->oldest;
      Error error{Code::exhausted, "too_many_failures", "Too many sign-ins have failed; try again later"};
      const auto wait = oldest + seconds{config_.failure_window_seconds} - now;
      error.retry_after = static_cast<int>(std::chrono::ceil<seconds>(wait).count());
      return fail(std::move(error));
    }
    transaction.execute("INSERT INTO sign_in_failures (id, email_key, address, at) VALUES (?, ?, ?, ?)", id, email_key,
                        address, now);
    return Nothing{};
  });
  auto noted = co_await writing;
  if (!noted) co_return refusal(noted);
  co_return id;
}

Task<Result<Nothing>> SignInGuard::succeeded(std::string email_key, Steady::time_point deadline) {
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    transaction.execute("DELETE FROM sign_in_failures WHERE email_key = ?", email_key);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

Task<Result<Nothing>> SignInGuard::withdraw(std::string attempt, Steady::time_point deadline) {
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    transaction.execute("DELETE FROM sign_in_failures WHERE id = ?", attempt);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

}  // namespace svc::user
