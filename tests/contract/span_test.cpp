// The spans that calls leave, whichever way they go.
#include "contract/span.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "inventory/inventory.h"
#include "support/catch.h"
#include "support/world.h"

namespace {

using namespace svc;
using namespace svc::inventory;
using namespace svc::test;

// Refuses, breaks and answers, and asks itself on the way.
class Nested final : public Inventory {
 public:
  Inventory* next = nullptr;

  Reply<ListItems> handle(Call call, ListItems) override {
    auto asking = next->handle(std::move(call), GetItem{"anvil"});
    auto item = co_await asking;
    co_return ItemPage{};
  }
  Reply<GetItem> handle(Call, GetItem query) override { return Item{std::move(query.sku), "x", {1, "USD"}, 1, {}, {}}; }
  Reply<PutItem> handle(Call, PutItem) override { throw std::logic_error("broken"); }
  Reply<QuoteItems> handle(Call, QuoteItems) override { return Quote{}; }
  Reply<ReserveItems> handle(Call, ReserveItems) override { return fail(Code::conflict, "out_of_stock", "None left"); }
  Reply<SellItems> handle(Call, SellItems) override { return Reservation{}; }
  Reply<CommitReservation> handle(Call, CommitReservation) override {
    auto pausing = sleep_until(Steady::now());
    co_await pausing;
    throw std::logic_error("broken later");
  }
  Reply<ReleaseReservation> handle(Call, ReleaseReservation) override { return Reservation{}; }
};

struct Fixture {
  explicit Fixture(Lane by) : lane(by), inventory(world.open(by, static_cast<Inventory&>(nested))) {
    nested.next = inventory.get();
    call = world.admin();
    call.origin = std::make_shared<const Origin>(Origin::of(request));
    call.span = outer;
  }
  template <class Op>
  void ask(Op op) {
    (void)world.ask(*inventory, call, std::move(op));
  }
  // Those of the request, the oldest first.
  std::vector<Span> spans() const { return find_spans(request, 100).spans; }
  // "call get_item ok" of each.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& span : spans())
      lines.push_back(std::string(to_name(span.kind)) + " " + std::string(span.operation) + " " +
                      std::string(span.outcome));
    return lines;
  }

  static constexpr std::uint64_t outer = 7;
  World world;
  const Lane lane;
  const std::string request = world.ids.next();
  Nested nested;
  std::unique_ptr<Inventory> inventory;
  Call call;
};

TEST_CASE("a call leaves a span below the one that asked for it, and one of the way there") {
  const auto lane = GENERATE(from_range(lanes));
  CAPTURE(name_of(lane));
  Fixture f(lane);
  f.ask(ListItems{});
  const auto spans = f.spans();
  REQUIRE(spans.size() == (lane == Lane::local ? 2 : 4));
  auto parent = Fixture::outer;
  for (const auto& span : spans) {
    CHECK(span.parent == parent);
    CHECK(to_text(span.trace) == to_text(number_of(f.request)));
    CHECK(uuid_of(span.request) == f.request);
    CHECK(span.service == "inventory");
    CHECK(span.took >= Steady::duration::zero());
    parent = span.id;
  }
  using Lines = std::vector<std::string>;
  if (lane == Lane::local) CHECK(f.lines() == Lines{"call list_items ok", "call get_item ok"});
  else CHECK(f.lines() == Lines{"link list_items ok", "call list_items ok", "link get_item ok", "call get_item ok"});
}

TEST_CASE("a span says how the call ended") {
  const auto lane = GENERATE(from_range(lanes));
  CAPTURE(name_of(lane));
  Fixture f(lane);
  const auto last = [&] { return f.lines().back(); };
  f.ask(ReserveItems{f.request, {{"anvil", 1}}});
  CHECK(last() == "call reserve_items conflict");
  f.ask(PutItem{"anvil", "Anvil", {1, "USD"}, 1});
  CHECK(last() == "call put_item internal");
  f.ask(CommitReservation{f.request});
  CHECK(last() == "call commit_reservation internal");
  f.ask(QuoteItems{});  // breaks a rule
  CHECK(last() == "call quote_items invalid");
  f.call.deadline = Steady::now();
  f.ask(GetItem{"anvil"});
  if (lane == Lane::local) CHECK(last() == "call get_item timeout");
  if (lane != Lane::local)  // each of them is told by who asked, too
    for (const auto* told : {"link reserve_items conflict", "link put_item internal",
                             "link commit_reservation internal", "link quote_items invalid"})
      CHECK(std::ranges::count(f.lines(), std::string(told)) == 1);
}

std::size_t count(std::string_view id) { return find_spans(id, 100).spans.size(); }

TEST_CASE("spans are found by their request, its trace, and the trace it came with") {
  Fixture f(Lane::local);
  const auto own = read_traceparent("00-" + to_text(number_of(f.world.ids.next())) + "-b7ad6b7169203331-01");
  const std::string request = "checkout-" + f.request;
  f.call.origin = std::make_shared<const Origin>(Origin::of(request, own));
  f.ask(GetItem{"anvil"});
  CHECK(count(request) == 1);
  CHECK(count(to_text(own->id)) == 1);
  CHECK(count(f.request) == 0);
  f.call.origin = std::make_shared<const Origin>(Origin::of(f.request));
  f.ask(GetItem{"anvil"});
  CHECK(count(f.request) == 1);
  CHECK(count(to_text(number_of(f.request))) == 1);
  for (const auto* unknown : {"", "00000000000000000000000000000000", "nothing"}) CHECK(count(unknown) == 0);
}

TEST_CASE("a request's id is found as it was written, also where it could be a trace's") {
  Fixture f(Lane::local);
  const auto digits = to_text(number_of(f.request));
  f.call.origin = std::make_shared<const Origin>(Origin::of(digits));
  f.ask(GetItem{"anvil"});
  CHECK(count(digits) == 1);
  f.call.origin = std::make_shared<const Origin>();  // what no request has caused
  f.ask(GetItem{"anvil"});
  CHECK(count("00000000-0000-0000-0000-000000000000") == 0);
}

TEST_CASE("of many spans the newest are told") {
  Fixture f(Lane::local);
  for (int i = 0; i < 5; ++i) f.ask(GetItem{"anvil"});
  const auto all = find_spans(f.request, 5), some = find_spans(f.request, 2);
  CHECK_FALSE(all.more);
  CHECK(some.more);
  REQUIRE(some.spans.size() == 2);
  CHECK(some.spans[0].id == all.spans[3].id);
  CHECK(some.spans[1].id == all.spans[4].id);
}

TEST_CASE("calls that only read do not take the memory of others") {
  Fixture f(Lane::local);
  const auto reads = 2 * static_cast<int>(SpanOptions{}.spans);
  f.ask(ReserveItems{f.request, {{"anvil", 1}}});
  f.ask(GetItem{"anvil"});
  f.call.origin = std::make_shared<const Origin>(Origin::of(f.world.ids.next()));
  f.world.run([&]() -> Task<int> {
    for (int i = 0; i < reads; ++i) {
      auto asking = f.inventory->handle(f.call, GetItem{"anvil"});
      auto item = co_await asking;
    }
    co_return 0;
  });
  CHECK(f.lines() == std::vector<std::string>{"call reserve_items conflict"});
}

Span numbered(std::uint64_t number) {
  Span span;
  span.trace = {1, number % 2};
  span.request = {2, number};
  span.id = number;
  return span;
}

TEST_CASE("the newest spans are kept, as many as there are places") {
  using Numbers = std::vector<std::uint64_t>;
  SpanRing ring(4);
  const auto ids = [&](std::uint64_t low, std::size_t limit = 100) {
    std::vector<Span> found;
    ring.find({{1, low}, {3, 3}}, limit, found);
    Numbers numbers;
    for (const auto& span : found) numbers.push_back(span.id);
    return numbers;
  };
  CHECK(ids(1).empty());
  for (std::uint64_t number = 1; number <= 3; ++number) ring.keep(numbered(number));
  CHECK(ids(1) == Numbers{3, 1});
  for (std::uint64_t number = 4; number <= 10; ++number) ring.keep(numbered(number));
  CHECK(ids(1) == Numbers{9, 7});
  CHECK(ids(0) == Numbers{10, 8});
  CHECK(ids(0, 1) == Numbers{10});
  std::vector<Span> found;
  ring.find({{3, 3}, {2, 9}}, 100, found);  // by its request
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == 9);
  SpanRing large(3'000);  // looked through in pieces
  for (std::uint64_t number = 1; number <= 4'000; ++number) large.keep(numbered(number));
  found.clear();
  large.find({{1, 0}, {3, 3}}, 5'000, found);
  REQUIRE(found.size() == 1'500);
  CHECK(found.front().id == 4'000);
  CHECK(found.back().id == 1'002);
  SpanRing none(0);
  none.keep(numbered(1));
  found.clear();
  none.find({{1, 1}, {3, 3}}, 100, found);
  CHECK(found.empty());
}

TEST_CASE("what a thread has done is remembered behind its end") {
  World world;
  const std::string request = world.ids.next();
  const auto work = [&](const char* what) {
    Call call;
    call.origin = std::make_shared<const Origin>(Origin::of(request));
    Span::begin(call, "test", what, SpanKind::call).end("ok");
  };
  std::thread(work, "first").join();
  std::thread(work, "second").join();
  std::vector<std::string_view> done;
  for (const auto& span : find_spans(request, 100).spans) done.push_back(span.operation);
  std::ranges::sort(done);
  CHECK(done == std::vector<std::string_view>{"first", "second"});
}

}  // namespace
