// What the payment module promises, over each lane, with the provider for trying.
#include "payment/payment.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "payment/module.h"
#include "support/catch.h"
#include "support/world.h"

namespace svc::payment {
namespace {

using test::World;

struct Fixture {
  test::Lane lane = GENERATE(from_range(test::lanes));
  World world;
  std::unique_ptr<Hosted<Payments>> module = make(Config{}, world.environment, world.dir / "payment.db");
  std::unique_ptr<Payments> payments = world.open(lane, module->service());
  const std::string id = world.ids.next(), order = world.ids.next();

  template <class Op>
  auto ask(Call call, Op op) {
    return world.ask(*payments, call, op);
  }
  Result<Charged> charge(const std::string& method, Call call) {
    return ask(call, Charge{id, order, "ann", {500, "USD"}, method});
  }
  Result<Charged> charge(const std::string& method) { return charge(method, world.anyone()); }
  Result<Payment> book() { return ask(world.anyone(), BookCharge{id, order, "ann", {500, "USD"}}); }
  // Charged and booked, as an order that is confirmed is.
  Result<Payment> pay() {
    REQUIRE(charge("tok_visa"));
    return book();
  }
  Result<Payment> seen() { return ask(world.admin(), GetPayment{id}); }
  Result<Refunded> refund() { return ask(world.anyone(), Refund{id}); }
  // The sum of the ledger, and how many entries it has.
  std::pair<int, int> ledger() {
    SQLite::Database database((world.dir / "payment.db").string());
    return {database.execAndGet("SELECT COALESCE(SUM(amount), 0) FROM ledger").getInt(),
            database.execAndGet("SELECT COUNT(*) FROM ledger").getInt()};
  }
  std::string at_provider() {
    SQLite::Database database((world.dir / "payment-provider.db").string());
    SQLite::Statement query(database, "SELECT state FROM charges");
    return query.executeStep() ? query.getColumn(0).getString() : "nothing";
  }
};
using Ledger = std::pair<int, int>;

TEST_CASE("a charge is captured once, however often it is asked for") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  for (int i = 0; i < 2; ++i) {
    CHECK(f.charge("tok_visa")->approved);
    CHECK(f.at_provider() == "approved");
    CHECK(f.seen().error().code == Code::not_found);  // not before it is booked
  }
  const auto first = f.book();
  REQUIRE(first.has_value());
  CHECK(first->status == PaymentStatus::captured);
  CHECK(first->order_id == f.order);
  CHECK(first->amount == Money{500, "USD"});
  CHECK(*f.seen() == *first);
  CHECK(*f.book() == *first);
  CHECK(f.charge("tok_visa")->approved);
  CHECK(f.ledger() == Ledger{500, 1});
}

TEST_CASE("a decline is an answer, and lasts") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  CHECK_FALSE(f.charge("tok_declined")->approved);
  CHECK(f.seen()->status == PaymentStatus::declined);
  CHECK_FALSE(f.charge("tok_visa")->approved);
  CHECK(f.refund()->payment == PaymentStatus::declined);
  CHECK(f.ledger() == Ledger{0, 0});
}

TEST_CASE("a charge that was answered too late has happened") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto late = f.charge("tok_timeout", f.world.anyone().within(milliseconds{200}));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::timeout);
  CHECK(f.at_provider() == "approved");
  CHECK(f.charge("tok_timeout")->approved);
  CHECK(f.book().has_value());
  CHECK(f.ledger() == Ledger{500, 1});
}

TEST_CASE("a provider that fails at times is asked again") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  CHECK(f.charge("tok_flaky").error().code == Code::unavailable);
  CHECK(f.charge("tok_flaky").error().code == Code::unavailable);
  CHECK(f.charge("tok_flaky")->approved);
}

TEST_CASE("a refund gives back what was charged, once") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.pay());
  for (int i = 0; i < 2; ++i) {
    CHECK(f.refund()->payment == PaymentStatus::refunded);
    CHECK(f.ledger() == Ledger{0, 2});
    CHECK(f.at_provider() == "refunded");
  }
  CHECK(f.seen()->status == PaymentStatus::refunded);
  CHECK(f.charge("tok_visa").error().reason == "payment_refunded");
  CHECK(f.book()->status == PaymentStatus::refunded);
  CHECK(f.ledger() == Ledger{0, 2});
}

TEST_CASE("a refund of what never was refuses the charge that may still come") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  CHECK_FALSE(f.refund()->payment);
  CHECK(f.charge("tok_visa").error().code == Code::conflict);
  CHECK(f.charge("tok_declined").error().code == Code::conflict);
  CHECK(f.book().error().reason == "payment_refunded");
  CHECK(f.at_provider() == "void");
  CHECK(f.ledger() == Ledger{0, 0});
  CHECK(f.seen().error().code == Code::not_found);
}

TEST_CASE("a refund of what the provider charged, and we never heard of, gives it back") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  CHECK_FALSE(f.charge("tok_timeout", f.world.anyone().within(milliseconds{200})));
  CHECK_FALSE(f.refund()->payment);  // no payment of ours
  CHECK(f.at_provider() == "refunded");
  CHECK(f.charge("tok_timeout").error().code == Code::conflict);
  CHECK(f.ledger() == Ledger{0, 0});
}

TEST_CASE("a refund of what was charged and never booked gives it back, and refuses its booking") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.charge("tok_visa"));
  CHECK_FALSE(f.refund()->payment);
  CHECK(f.at_provider() == "refunded");
  CHECK(f.book().error().reason == "payment_refunded");
  CHECK(f.ledger() == Ledger{0, 0});
}

TEST_CASE("payments are seen by their owner and by admins, and by nobody else") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.pay());
  CHECK(f.ask(f.world.customer("ann"), GetPayment{f.id}).has_value());
  CHECK(f.ask(f.world.admin(), GetPayment{f.id}).has_value());
  const auto foreign = f.ask(f.world.customer("bob"), GetPayment{f.id});
  const auto missing = f.ask(f.world.customer("bob"), GetPayment{f.world.ids.next()});
  CHECK(foreign.error() == missing.error());
  CHECK(foreign.error().code == Code::not_found);
}

TEST_CASE("ways to pay are known or not") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  for (const std::string method : {"tok_visa", "tok_declined", "tok_timeout", "tok_flaky"})
    CHECK(f.ask(f.world.anyone(), CheckMethod{method}).has_value());
  for (const std::string method : {"cash", "", ".", "..", "a/b", "tok_visa ", "\xff"})
    CHECK(f.ask(f.world.anyone(), CheckMethod{method}).error().code == Code::not_found);
}

TEST_CASE("the ledger is only added to") {
  Fixture f;
  REQUIRE(f.pay());
  SQLite::Database database((f.world.dir / "payment.db").string(), SQLite::OPEN_READWRITE);
  CHECK_THROWS(database.exec("UPDATE ledger SET amount = 1"));
  CHECK_THROWS(database.exec("DELETE FROM ledger"));
}

// A provider whose answers a test gives.
class Scripted final : public Provider {
 public:
  std::function<Task<Result<Decision>>()> on_charge = []() -> Task<Result<Decision>> { return Decision::approved; };
  std::function<Task<Result<Nothing>>()> on_refund = []() -> Task<Result<Nothing>> { return Nothing{}; };
  bool knows(const std::string&) const override { return true; }
  Task<Result<Decision>> charge(std::string, Money, std::string, Steady::time_point) override { return on_charge(); }
  Task<Result<Nothing>> refund(std::string, Steady::time_point) override { return on_refund(); }
};

struct ScriptedFixture {
  World world;
  std::unique_ptr<Scripted> owned = std::make_unique<Scripted>();  // until the module is made
  Scripted& provider = *owned;
  std::unique_ptr<Hosted<Payments>> module = make(std::move(owned), world.environment, world.dir / "payment.db");
  Payments& payments = module->service();
  const std::string id = world.ids.next();

  Result<Charged> charge() {
    return world.ask(payments, world.anyone(), Charge{id, world.ids.next(), "ann", {5, "USD"}, "m"});
  }
  Result<Payment> book() {
    return world.ask(payments, world.anyone(), BookCharge{id, world.ids.next(), "ann", {5, "USD"}});
  }
  Result<Refunded> refund() { return world.ask(payments, world.anyone(), Refund{id}); }
  PaymentStatus status() { return world.ask(payments, world.admin(), GetPayment{id})->status; }
};

TEST_CASE("a refund that overtakes its charge wins") {
  ScriptedFixture f;
  const Refund refund{f.id};
  // While the provider is deciding, the refund is carried out.
  f.provider.on_charge = [&]() -> Task<Result<Decision>> {
    auto refunding = f.payments.handle(f.world.anyone(), refund);
    auto refunded = co_await refunding;
    CHECK(refunded.has_value());
    co_return Decision::approved;
  };
  CHECK(f.charge().has_value());  // as the provider says
  CHECK(f.book().error().code == Code::conflict);
}

TEST_CASE("a refund that fails can be repeated") {
  ScriptedFixture f;
  REQUIRE(f.charge());
  REQUIRE(f.book());
  f.provider.on_refund = []() -> Task<Result<Nothing>> { return fail(Code::timeout, "slow"); };
  CHECK(f.refund().error().code == Code::timeout);
  CHECK(f.status() == PaymentStatus::captured);
  f.provider.on_refund = []() -> Task<Result<Nothing>> { return Nothing{}; };
  CHECK(f.refund().has_value());
  CHECK(f.status() == PaymentStatus::refunded);
}

}  // namespace
}  // namespace svc::payment
