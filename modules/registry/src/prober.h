// Prober: asks every instance how it is, so that one that renews its lease and yet cannot be reached is seen.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "http/client.h"
#include "http/host_rules.h"
#include "lease_table.h"
#include "registry/module.h"

namespace svc::registry {

class Prober {
 public:
  /// What it refers to must outlive it.
  Prober(LeaseTable& table, const http::HostRules& hosts, const Clock& clock, const Config& config);

  /// Asks all instances once, some at a time.
  Task<Result<Nothing>> round();
  /// A round that is under way ends soon.
  void end() { ending_ = true; }

 private:
  struct Resolving;
  Task<> work(const std::vector<LeaseTable::Target>& targets, std::size_t& next);
  Task<Probe> probe(LeaseTable::Target target);
  Task<std::vector<std::string>> resolve(std::string host, Steady::time_point limit);
  Task<> resolve_into(std::shared_ptr<Resolving> resolving, std::string host);

  LeaseTable& table_;
  const http::HostRules& hosts_;
  const Clock& clock_;
  const milliseconds timeout_;
  const std::size_t at_once_;
  http::Client client_;
  std::atomic<bool> ending_{false};
};

}  // namespace svc::registry
