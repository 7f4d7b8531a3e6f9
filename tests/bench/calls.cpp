// What a call costs: through the door in this process, and over HTTP on loopback. Prints nanoseconds per call as
// JSON. Run by scripts/bench.
#include <cstdio>

#include "inventory/inventory.h"
#include "support/world.h"

namespace {

using namespace svc;
using namespace svc::inventory;

// Answers at once, so that only the call is measured.
class Still final : public Inventory {
 public:
  Reply<ListItems> handle(Call, ListItems) override { return ItemPage{}; }
  Reply<GetItem> handle(Call, GetItem query) override { return Item{std::move(query.sku), "x", {1, "USD"}, 1, {}, {}}; }
  Reply<PutItem> handle(Call, PutItem) override { return PutAnswer{}; }
  Reply<QuoteItems> handle(Call, QuoteItems) override { return Quote{}; }
  Reply<ReserveItems> handle(Call, ReserveItems) override { return Reservation{}; }
  Reply<SellItems> handle(Call, SellItems) override { return Reservation{}; }
  Reply<CommitReservation> handle(Call, CommitReservation command) override {
    return Reservation{std::move(command.order_id), ReservationState::committed, {}};
  }
  Reply<ReleaseReservation> handle(Call, ReleaseReservation) override { return Reservation{}; }
};

double nanoseconds_per_call(test::World& world, Inventory& inventory, int calls) {
  const Call call = world.customer("somebody");
  const auto begun = Steady::now();
  world.run([&]() -> Task<int> {
    for (int i = 0; i < calls; ++i) {
      auto asking = inventory.handle(call, GetItem{"anvil"});
      auto item = co_await asking;
      if (!item) std::abort();
    }
    co_return 0;
  });
  return std::chrono::duration<double, std::nano>(Steady::now() - begun).count() / calls;
}

}  // namespace

int main() {
  test::World world;
  Still still;
  const auto local = world.open(test::Lane::local, static_cast<Inventory&>(still));
  const auto remote = world.open(test::Lane::http, static_cast<Inventory&>(still));
  nanoseconds_per_call(world, *local, 100'000);  // warm
  nanoseconds_per_call(world, *remote, 1'000);
  std::printf("{\"local_ns\": %.1f, \"http_ns\": %.1f}\n", nanoseconds_per_call(world, *local, 2'000'000),
              nanoseconds_per_call(world, *remote, 20'000));
}
