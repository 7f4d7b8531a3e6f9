#include "registry/module.h"

#include "lease_table.h"
#include "module/periodic.h"
#include "prober.h"
#include "registry_service.h"

namespace svc::registry {
namespace {

class RegistryModule final : public Hosted<Registry> {
 public:
  RegistryModule(const Config& config, const Environment& environment)
      : loops_(environment.loops),
        clock_(environment.clock),
        hosts_({.denied = config.denied_ranges, .allowed = config.allowed_ranges}),
        table_(config, environment.ids, changed_),
        service_(table_, changed_, hosts_, environment.clock, config.watchers),
        prober_(table_, hosts_, environment.clock, config),
        sweeping_("strike_off_lapsed", milliseconds{config.sweep_ms}, [this] { return sweep(); }),
        probing_("probe_instances", milliseconds{config.probe_ms}, [this] { return prober_.round(); }) {}

  Registry& service() override { return service_; }
  void start() override {
    sweeping_.start(loops_[0]);
    probing_.start(loops_[0]);
  }
  void stopping() override { service_.end_watching(); }
  void stop() override {
    service_.end_watching();
    prober_.end();
    sweeping_.stop();
    probing_.stop();
  }
  std::optional<std::string> trouble() const override { return std::nullopt; }

 private:
  // Leases are struck off by whoever uses the table; but those who watch are to hear of it even if nobody does.
  Task<Result<Nothing>> sweep() {
    table_.sweep(clock_.now());
    return Result<Nothing>(Nothing{});
  }

  Loops& loops_;
  const Clock& clock_;
  Bell changed_;
  const http::HostRules hosts_;
  LeaseTable table_;
  RegistryService service_;
  Prober prober_;
  Periodic sweeping_, probing_;
};

}  // namespace

void Config::check_whole(Violations& found) const {
  const auto check_ranges = [&](const std::vector<std::string>& ranges, const char* pointer) {
    for (const auto& text : ranges)
      if (!http::AddressRange::parse(text))
        report(found, {pointer, "pattern", "\"" + text + "\" is no range of addresses such as 10.1.0.0/16"});
  };
  check_ranges(denied_ranges, "/denied_ranges");
  check_ranges(allowed_ranges, "/allowed_ranges");
}

std::unique_ptr<Hosted<Registry>> make(const Config& config, const Environment& environment) {
  return std::make_unique<RegistryModule>(config, environment);
}

}  // namespace svc::registry
