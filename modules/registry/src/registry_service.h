// The registry module's operations.
#pragma once

#include <atomic>

#include "async/bell.h"
#include "base/clock.h"
#include "http/host_rules.h"
#include "lease_table.h"
#include "registry/registry.h"

namespace svc::registry {

class RegistryService final : public Registry {
 public:
  /// `changed` rings when the table changes. What it refers to must outlive it.
  RegistryService(LeaseTable& table, Bell& changed, const http::HostRules& hosts, const Clock& clock,
                  std::int64_t watchers)
      : table_(table), changed_(changed), hosts_(hosts), clock_(clock), watchers_(watchers) {}

  Reply<Register> handle(Call call, Register command) override;
  Reply<Renew> handle(Call call, Renew command) override;
  Reply<Deregister> handle(Call call, Deregister command) override;
  Reply<Discover> handle(Call call, Discover query) override;
  Reply<ListServices> handle(Call call, ListServices query) override;
  Reply<GetService> handle(Call call, GetService query) override;
  Reply<Watch> handle(Call call, Watch query) override;

  /// From now on nobody waits in Watch.
  void end_watching();

 private:
  LeaseTable& table_;
  Bell& changed_;
  const http::HostRules& hosts_;
  const Clock& clock_;
  const std::int64_t watchers_;
  std::atomic<std::int64_t> watching_{0};
  std::atomic<bool> ending_{false};
};

}  // namespace svc::registry
