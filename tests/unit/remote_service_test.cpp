// A service of several instances: which of them is asked, and what is done when they fail.
#include "http/remote_service.h"

#include <atomic>
#include <future>
#include <list>

#include "http/problem.h"
#include "http/server.h"
#include "support/catch.h"
#include "support/eventually.h"

namespace svc::http {
namespace {

using resilience::BreakerState;
using resilience::Standing;
using test::eventually;

/// An instance that does as it is told.
struct Fake {
  std::atomic<int> asked{0};
  std::atomic<int> status{200};
  std::atomic<bool> hangs{false};
  std::unique_ptr<Server> server;
  Instance instance;

  Fake(Loops& loops, std::string id, int port = 0) {
    server = std::make_unique<Server>(loops, "127.0.0.1", port, [this](Request&) { return answer(); }, ServerOptions{});
    server->start();
    instance = {std::move(id), {"127.0.0.1", server->port()}};
  }
  Task<Response> answer() {
    ++asked;
    while (hangs) {
      auto nap = sleep_until(Steady::now() + milliseconds{5});
      co_await nap;
    }
    if (status != 200) co_return problem(status, "told_to", "As it was told");
    co_return Response{200, "text/plain", instance.id};
  }
};

RemoteOptions quick() {
  RemoteOptions options;
  options.balance = resilience::Policy::round_robin;
  options.attempt_timeout_ms = 50;
  options.backoff = {1, 1};
  options.retry_budget = {.percent = 10, .min_per_second = 10, .window_seconds = 10};
  options.ejection.consecutive_failures = 3;
  options.ejection.first_ms = 60'000;
  return options;
}

struct Bench {
  Loops loops{1};
  Client client{{}};
  std::list<Fake> fakes;
  RemoteService service;
  bool may_overlap = true;

  explicit Bench(RemoteOptions options = quick(), int count = 2) : service(client, "shop", options) {
    for (int i = 0; i < count; ++i) fakes.emplace_back(loops, "i" + std::to_string(i));
    show();
  }
  ~Bench() {
    for (auto& fake : fakes) {
      fake.hangs = false;
      if (fake.server) fake.server->stop(seconds{5});
    }
    client.hang_up();
    loops.stop();
  }
  Fake& fake(int index) { return *std::next(fakes.begin(), index); }
  void show() {
    std::vector<Instance> instances;
    for (const auto& one : fakes) instances.push_back(one.instance);
    service.set_instances(instances);
  }
  Result<Response> ask(bool repeatable = true, milliseconds patience = {}, Steady::duration time = seconds{5}) {
    std::promise<Result<Response>> promise;
    loops[0].post([&] { detach(asking(promise, repeatable, patience, time)); });
    return promise.get_future().get();
  }
  Task<> asking(std::promise<Result<Response>>& promise, bool repeatable, milliseconds patience,
                Steady::duration time) {
    Outgoing request{"GET", "/"};
    request.repeatable = repeatable;
    request.may_overlap = may_overlap;
    request.operation = "look";
    request.patience = patience;
    auto round = service.roundtrip(std::move(request), Steady::now() + time);
    auto answer = co_await round;
    promise.set_value(std::move(answer));
  }
  Standing standing(int index) {
    return service.status(Steady::now()).instances.at(static_cast<std::size_t>(index)).standing;
  }
};

TEST_CASE("calls are spread over the instances") {
  Bench bench;
  for (int i = 0; i < 10; ++i) REQUIRE(bench.ask()->status == 200);
  CHECK(bench.fake(0).asked == 5);
  CHECK(bench.fake(1).asked == 5);
}

TEST_CASE("who serves it nowhere is told so at once") {
  Bench bench(quick(), 0);
  CHECK_FALSE(bench.service.known());
  const auto answer = bench.ask();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unavailable);
}

TEST_CASE("what nothing accepts goes to another instance, whatever it asks for, and soon nobody asks the dead one") {
  Bench bench;
  bench.fake(0).server->stop(seconds{5});
  for (int i = 0; i < 20; ++i) CHECK(bench.ask(false)->status == 200);
  CHECK(bench.fake(1).asked == 20);
  CHECK(bench.standing(0) == Standing::ejected);
  CHECK(bench.service.status(Steady::now()).budget.marked == 3);
}

TEST_CASE("an instance that hangs is overtaken by another, and passed over from then on") {
  Bench bench;
  bench.fake(0).hangs = true;
  for (int i = 0; i < 12; ++i) CHECK(bench.ask()->body == "i1");
  CHECK(bench.fake(0).asked == 3);
  CHECK(bench.standing(0) == Standing::ejected);
  CHECK(bench.service.status(Steady::now()).instances[0].outstanding == 3);
  bench.fake(0).hangs = false;
  CHECK(eventually([&] { return bench.service.status(Steady::now()).instances[0].outstanding == 0; }));
}

TEST_CASE("an instance that is still at it is not sent the same again, though no other is in order") {
  Bench bench;
  bench.fake(0).hangs = true;
  for (int i = 0; i < 12; ++i) CHECK(bench.ask()->body == "i1");
  REQUIRE(bench.standing(0) == Standing::ejected);
  const int before = bench.fake(1).asked;
  bench.fake(1).hangs = true;
  CHECK_FALSE(bench.ask(true, {}, milliseconds{400}));
  CHECK(bench.fake(1).asked == before + 1);
}

TEST_CASE("what may not be repeated is sent once and waited for") {
  Bench bench;
  bench.fake(0).hangs = bench.fake(1).hangs = true;
  const auto answer = bench.ask(false, {}, milliseconds{300});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::timeout);
  CHECK(bench.fake(0).asked + bench.fake(1).asked == 1);
}

TEST_CASE("what may not be under way twice is waited for, though it may be repeated") {
  Bench bench;
  bench.may_overlap = false;
  bench.fake(0).hangs = bench.fake(1).hangs = true;
  const auto late = bench.ask(true, {}, milliseconds{300});
  CHECK_FALSE(late);
  CHECK(bench.fake(0).asked + bench.fake(1).asked == 1);
}

TEST_CASE("what takes its time is not overtaken, and neither is the only instance") {
  SECTION("patience") {
    Bench bench;
    bench.fake(0).hangs = bench.fake(1).hangs = true;
    CHECK_FALSE(bench.ask(true, seconds{10}, milliseconds{300}));
    CHECK(bench.fake(0).asked + bench.fake(1).asked == 1);
  }
  SECTION("alone") {
    Bench bench(quick(), 1);
    bench.fake(0).hangs = true;
    CHECK_FALSE(bench.ask(true, {}, milliseconds{300}));
    CHECK(bench.fake(0).asked == 1);
  }
}

TEST_CASE("an answer is an answer: a refusal is handed on, not tried again") {
  Bench bench;
  for (const int status : {404, 409, 429, 500, 503}) {
    bench.fake(0).status = bench.fake(1).status = status;
    const int before = bench.fake(0).asked + bench.fake(1).asked;
    CHECK(bench.ask()->status == status);
    CHECK(bench.fake(0).asked + bench.fake(1).asked == before + 1);
  }
}

TEST_CASE("retries keep within the budget") {
  auto options = quick();
  options.retry_budget = {.percent = 10, .min_per_second = 0, .window_seconds = 10};
  options.ejection.consecutive_failures = 1'000;
  options.ejection.minimum_calls = 1'000'000;
  options.breaker.minimum_calls = options.breaker.window_calls = 10'000;
  Bench bench(options);
  for (auto& fake : bench.fakes) fake.server->stop(seconds{5});
  for (int i = 0; i < 100; ++i) CHECK_FALSE(bench.ask());
  CHECK(bench.service.status(Steady::now()).budget.calls == 100);
  CHECK(bench.service.status(Steady::now()).budget.marked == 10);
}

TEST_CASE("an operation that keeps failing is asked for no more, and its caller is told when to come back") {
  auto options = quick();
  options.breaker.window_calls = options.breaker.minimum_calls = 4;
  options.ejection.consecutive_failures = 1'000;
  Bench bench(options, 1);
  bench.fake(0).status = 500;
  for (int i = 0; i < 4; ++i) CHECK(bench.ask()->status == 500);
  const auto refused = bench.ask();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == "circuit_open");
  CHECK(refused.error().retry_after);
  CHECK(bench.fake(0).asked == 4);
  const auto status = bench.service.status(Steady::now());
  REQUIRE(status.instances[0].breakers.size() == 1);
  CHECK(status.instances[0].breakers[0].operation == "look");
  CHECK(status.instances[0].breakers[0].status.state == BreakerState::open);
}

TEST_CASE("what is known of an instance is kept while it stays, and forgotten when it goes") {
  Bench bench;
  bench.fake(0).server->stop(seconds{5});
  for (int i = 0; i < 6; ++i) CHECK(bench.ask());
  REQUIRE(bench.standing(0) == Standing::ejected);
  bench.show();
  CHECK(bench.standing(0) == Standing::ejected);
  bench.service.set_instances({bench.fake(1).instance});
  CHECK(bench.service.status(Steady::now()).instances.size() == 1);
  bench.show();
  CHECK(bench.standing(0) == Standing::serving);
}

TEST_CASE("a client that hangs up ends what is under way, and sends nothing more") {
  Bench bench;
  bench.fake(0).hangs = bench.fake(1).hangs = true;
  auto asking = std::async(std::launch::async, [&] { return bench.ask(false, {}, seconds{60}); });
  CHECK(eventually([&] { return bench.fake(0).asked + bench.fake(1).asked == 1; }));
  bench.client.hang_up();
  const auto answer = asking.get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unavailable);
  CHECK_FALSE(bench.ask());
}

}  // namespace
}  // namespace svc::http
