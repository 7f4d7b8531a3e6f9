#include "test_provider/test_provider.h"

#include <algorithm>
#include <array>

#include "test_provider/charges_store.h"

namespace svc::payment::test_provider {

namespace {

constexpr std::array<std::string_view, 4> methods{"tok_visa", "tok_declined", "tok_timeout", "tok_flaky"};
constexpr int flaky_failures = 2;

State decide(const std::string& method, int tries) {
  if (method == "tok_declined") return State::declined;
  if (method == "tok_flaky" && tries <= flaky_failures) return State::trying;
  return State::approved;
}

}  // namespace

TestProvider::TestProvider(const std::filesystem::path& file) : database_(file, migrations()) {}

bool TestProvider::knows(const std::string& method) const {
  return std::ranges::find(methods, method) != methods.end();
}

Task<Result<Decision>> TestProvider::charge(std::string key, Money amount, std::string method,
                                            Steady::time_point deadline) {
  Known known;
  bool decided_now = false;
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    known = {decide(method, 1), 1};
    decided_now = add(transaction, key, known, amount);
    if (decided_now) return Nothing{};
    known = *find(transaction, key);
    decided_now = known.state == State::trying;
    if (!decided_now) return Nothing{};
    ++known.tries;
    known.state = decide(method, known.tries);
    save(transaction, key, known, amount);
    return Nothing{};
  });
  auto written = co_await writing;
  if (!written) co_return refusal(written);
  if (decided_now && method == "tok_timeout") {
    auto silence = sleep_until(deadline);
    co_await silence;
    co_return fail(Code::timeout, "provider_timeout", "The provider did not answer in time");
  }
  switch (known.state) {
    case State::trying: co_return fail(Code::unavailable, "provider_unavailable", "The provider failed");
    case State::declined: co_return Decision::declined;
    case State::approved: break;
    case State::refunded:
    case State::voided: co_return fail(Code::conflict, "payment_refunded", "This payment was given back");
  }
  co_return Decision::approved;
}

Task<Result<Nothing>> TestProvider::refund(std::string key, Steady::time_point deadline) {
  auto writing = database_.write(deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    auto known = find(transaction, key).value_or(Known{});
    if (known.state == State::approved) known.state = State::refunded;
    if (known.state == State::trying) known.state = State::voided;
    save(transaction, key, known, {});
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

}  // namespace svc::payment::test_provider
