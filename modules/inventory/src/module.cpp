#include "inventory/module.h"

#include "inventory_service.h"
#include "inventory_store.h"
#include "module/periodic.h"
#include "sql/database.h"

namespace svc::inventory {
namespace {

class InventoryModule final : public Hosted<Inventory> {
 public:
  InventoryModule(const Config& config, const Environment& environment, const std::filesystem::path& database)
      : loops_(environment.loops),
        database_(database, migrations()),
        outbox_(database_, "inventory", environment),
        service_(database_, outbox_, environment.clock, config),
        sweeper_("sweep_reservations", seconds{config.sweep_seconds}, [this] { return sweep(); }) {}

  Inventory& service() override { return service_; }
  EventFeed* feed() override { return &outbox_; }
  void start() override {
    outbox_.start(loops_.background());
    sweeper_.start(loops_[0]);
  }
  void stopping() override { outbox_.stopping(); }
  void stop() override {
    sweeper_.stop();
    outbox_.stop();
  }
  void measure(Measures& measures) const override { outbox_.measure(measures); }
  std::optional<std::string> trouble() const override { return database_.unwritable(); }

 private:
  Task<Result<Nothing>> sweep() {
    auto sweeping = service_.sweep();
    auto swept = co_await sweeping;
    if (!swept) co_return refusal(swept);
    co_return Nothing{};
  }

  Loops& loops_;
  sql::Database database_;
  events::Outbox outbox_;
  InventoryService service_;
  Periodic sweeper_;
};

}  // namespace

std::unique_ptr<Hosted<Inventory>> make(const Config& config, const Environment& environment,
                                        const std::filesystem::path& database) {
  return std::make_unique<InventoryModule>(config, environment, database);
}

}  // namespace svc::inventory
