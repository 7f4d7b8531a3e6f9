#include "order/module.h"

#include "order_events.h"
#include "order_saga.h"
#include "order_service.h"
#include "order_store.h"
#include "sql/database.h"

namespace svc::order {
namespace {

class OrderModule final : public Hosted<Orders> {
 public:
  OrderModule(const Config& config, const Environment& environment, const std::filesystem::path& database,
              const Links& links)
      : loops_(environment.loops),
        database_(database, migrations()),
        outbox_(database_, "order", environment),
        consumer_(database_, "order", environment),
        runner_(database_, environment.clock, environment.instance,
                order_saga(database_, {outbox_, environment.clock, links}), config.saga),
        service_(database_, outbox_, runner_, environment, config, links) {
    hear_of_users(consumer_, links.user_events);
  }

  Orders& service() override { return service_; }
  EventFeed* feed() override { return &outbox_; }
  ParkedEvents* parked() override { return &consumer_; }
  void start() override {
    runner_.start(loops_[0]);
    outbox_.start(loops_.background());
    consumer_.start(loops_.background());
  }
  void stopping() override {
    outbox_.stopping();
    consumer_.stopping();
  }
  void stop() override {
    consumer_.stop();
    runner_.stop();
    outbox_.stop();
  }
  void measure(Measures& measures) const override {
    outbox_.measure(measures);
    consumer_.measure(measures);
  }
  std::optional<std::string> trouble() const override { return database_.unwritable(); }

 private:
  Loops& loops_;
  sql::Database database_;
  events::Outbox outbox_;
  events::Consumer consumer_;
  saga::Runner runner_;
  OrderService service_;
};

}  // namespace

std::unique_ptr<Hosted<Orders>> make(const Config& config, const Environment& environment,
                                     const std::filesystem::path& database, const Links& links) {
  return std::make_unique<OrderModule>(config, environment, database, links);
}

}  // namespace svc::order
