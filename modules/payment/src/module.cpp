#include "payment/module.h"

#include "observe/log.h"
#include "payment_service.h"
#include "test_provider/test_provider.h"

namespace svc::payment {
namespace {

class PaymentModule final : public Hosted<Payments> {
 public:
  PaymentModule(std::unique_ptr<Provider> provider, const Environment& environment,
                const std::filesystem::path& database)
      : provider_(std::move(provider)),
        database_(database, migrations()),
        outbox_(database_, "payment", environment),
        service_(database_, outbox_, environment.clock, *provider_),
        loops_(environment.loops) {}

  Payments& service() override { return service_; }
  EventFeed* feed() override { return &outbox_; }
  void start() override { outbox_.start(loops_.background()); }
  void stopping() override { outbox_.stopping(); }
  void stop() override { outbox_.stop(); }
  void measure(Measures& measures) const override { outbox_.measure(measures); }
  std::optional<std::string> trouble() const override {
    if (auto own = database_.unwritable()) return own;
    return provider_->trouble();
  }

 private:
  const std::unique_ptr<Provider> provider_;
  sql::Database database_;
  events::Outbox outbox_;
  PaymentService service_;
  Loops& loops_;
};

}  // namespace

std::unique_ptr<Hosted<Payments>> make(const Config&, const Environment& environment,
                                       const std::filesystem::path& database) {
  log::warn("test_provider", {{"note", "payments are decided by the built-in test provider: no money moves"}});
  auto beside = database;
  beside.replace_filename(database.stem().string() + "-provider" + database.extension().string());
  return make(std::make_unique<test_provider::TestProvider>(beside), environment, database);
}

std::unique_ptr<Hosted<Payments>> make(std::unique_ptr<Provider> provider, const Environment& environment,
                                       const std::filesystem::path& database) {
  return std::make_unique<PaymentModule>(std::move(provider), environment, database);
}

}  // namespace svc::payment
