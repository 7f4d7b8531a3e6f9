#include "contract/order_fixture.h"

namespace svc::order {
namespace {

template <class S>
struct Cuttable {
  std::unique_ptr<S> real;
  std::shared_ptr<Fault> fault;
  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    if (auto error = (*fault)(Op::endpoint.name)) return fail(std::move(*error));
    return real->handle(std::move(call), std::move(op));
  }
};

}  // namespace

template <class S>
std::unique_ptr<S> Fixture::cut(std::unique_ptr<S> real) {
  return std::make_unique<Stub<S, Cuttable<S>>>(Cuttable<S>{std::move(real), fault});
}

Fixture::Fixture(Config chosen, std::int64_t ample_stock)
    : inventory_module(inventory::make({.ample_stock = ample_stock}, world.environment, world.dir / "inventory.db")),
      inventory(cut(world.open(lane, inventory_module->service()))),
      config(std::move(chosen)),
      module(make_module("test")) {
  UNSCOPED_INFO("ample stock: " << ample_stock);
  module->start();
  CHECK(world.ask(*users, world.anyone(), user::CreateUser{"Ann", "ann@example.com", "correct horse", {}}));
  ann = world.ask(*users, world.admin(), user::ListUsers{})->items[0].id;
  put("a", 10, 100);
  put("b", 5, 250);
}

void Fixture::put(const std::string& sku, std::int64_t on_hand, std::int64_t amount, const std::string& currency) {
  CHECK(world.ask(*inventory, world.admin(), inventory::PutItem{sku, sku, {amount, currency}, on_hand}));
}

}  // namespace svc::order
