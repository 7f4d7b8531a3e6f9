#include "sign_in_guard.h"

#include "attempts_store.h"

namespace svc::user {
namespace {

constexpr auto longest_try = seconds{60};
constexpr auto poll = milliseconds{25};
constexpr int waiting_limit = 100;
constexpr auto note_limit = seconds{10};  // the client waits, and has mostly all of its deadline left

}  // namespace

Result<SignInGuard::Verdict> SignInGuard::note(sql::Transaction& transaction, const std::string& id,
                                               const std::string& email_key, const std::string& address) const {
  const Time now = clock_.now();
  const auto window = seconds{config_.failure_window_seconds};
  delete_attempts_until(transaction, now - window);
  const auto on_account = attempts_on_account(transaction, email_key, now - longest_try);
  const auto from_address = attempts_from_address(transaction, address, now - longest_try);
  const bool account_full = on_account.failed >= config_.failures_per_account;
  const bool address_full = from_address.failed >= config_.failures_per_address;
  if (account_full || address_full) {
    const Time oldest = account_full ? on_account.oldest_failure : from_address.oldest_failure;
    Error error{Code::exhausted, "too_many_failures", "Too many sign-ins have failed; try again later"};
    error.retry_after = static_cast<int>(std::chrono::ceil<seconds>(oldest + window - now).count());
    return fail(std::move(error));
  }
  if (on_account.failed + on_account.being_tried >= config_.failures_per_account ||
      from_address.failed + from_address.being_tried >= config_.failures_per_address)
    return Verdict::crowded;
  insert_attempt(transaction, id, email_key, address, now);
  return Verdict::noted;
}

Task<Result<std::string>> SignInGuard::attempt(std::string email_key, std::string address,
                                               Steady::time_point deadline) {
  std::string id = ids_.next();
  while (true) {
    auto writing = database_.write(
        deadline, [&](sql::Transaction& transaction) { return note(transaction, id, email_key, address); });
    auto verdict = co_await writing;
    if (!verdict) co_return refusal(verdict);
    if (*verdict == Verdict::noted) co_return id;
    if (Steady::now() + poll > deadline || waiting_ >= waiting_limit)
      co_return fail(Code::unavailable, "busy", "Too many sign-ins are being tried");
    ++waiting_;
    auto pause = sleep_until(Steady::now() + poll);
    co_await pause;
    --waiting_;
  }
}

Task<Result<Nothing>> SignInGuard::succeeded(std::string email_key) {
  return write(delete_attempts_on_account, std::move(email_key));
}

Task<Result<Nothing>> SignInGuard::failed(std::string attempt) { return write(mark_failed, std::move(attempt)); }

Task<Result<Nothing>> SignInGuard::withdraw(std::string attempt) { return write(delete_attempt, std::move(attempt)); }

Task<Result<Nothing>> SignInGuard::write(Change change, std::string key) {
  auto writing = database_.write(Steady::now() + note_limit, [&](sql::Transaction& transaction) -> Result<Nothing> {
    change(transaction, key);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

}  // namespace svc::user
