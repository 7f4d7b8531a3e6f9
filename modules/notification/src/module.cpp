#include "notification/module.h"

#include "events/consumer.h"
#include "notification_events.h"
#include "notification_service.h"
#include "notification_store.h"
#include "sender.h"
#include "sql/database.h"

namespace svc::notification {
namespace {

class NotificationModule final : public Hosted<Notifications> {
 public:
  NotificationModule(const Config& config, const Environment& environment, const std::filesystem::path& database,
                     const Links& links)
      : loops_(environment.loops),
        database_(database, migrations(), Priority::background),
        consumer_(database_, "notification", environment),
        sender_(database_, consumer_, links.users, noted_, environment.clock, config, environment.data),
        service_(database_) {
    hear_of_orders(consumer_, links.order_events, environment.clock, noted_);
    consumer_.hold_while([this, &clock = environment.clock, backlog = config.sender.backlog] {
      return sender_.has_its_hands_full() &&
             database_.read([&](sql::Session& session) { return are_due(session, clock.now(), backlog); });
    });
  }

  Notifications& service() override { return service_; }
  ParkedEvents* parked() override { return &consumer_; }
  void start() override {
    consumer_.start(loops_.background());
    sender_.start(loops_.background());
  }
  void stopping() override { consumer_.stopping(); }
  void stop() override {
    consumer_.stop();
    sender_.stop();
  }
  void measure(Measures& measures) const override { consumer_.measure(measures); }
  std::optional<std::string> trouble() const override { return database_.unwritable(); }

 private:
  Loops& loops_;
  sql::Database database_;
  Bell noted_;
  events::Consumer consumer_;
  Sender sender_;
  NotificationService service_;
};

}  // namespace

std::unique_ptr<Hosted<Notifications>> make(const Config& config, const Environment& environment,
                                            const std::filesystem::path& database, const Links& links) {
  return std::make_unique<NotificationModule>(config, environment, database, links);
}

}  // namespace svc::notification
