// How a process hosts the registry module. Included by app and tests only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/fields.h"
#include "module/module.h"
#include "registry/registry.h"

namespace svc::registry {

struct Config {
  std::int64_t lease_seconds = 9;
  std::int64_t beat_ms = 3'000;
  std::int64_t preserve_from = 5;
  std::int64_t preserve_seconds = 300;
  std::int64_t sweep_ms = 250;
  std::int64_t probe_ms = 3'000;
  std::int64_t probe_timeout_ms = 1'000;
  std::int64_t probes_at_once = 16;
  std::int64_t instances = 10'000;
  std::int64_t instances_per_token = 100;
  std::int64_t changes_kept = 1'000;
  std::int64_t watchers = 1'000;
  std::vector<std::string> denied_ranges, allowed_ranges;
  static constexpr auto fields() {
    return rows(
        field(&Config::lease_seconds, "lease_seconds",
              "How long an instance is believed to be there without renewing, unless it says", Range{1, lease_limit},
              Default{9}),
        field(&Config::beat_ms, "beat_ms", "How often instances are expected to renew", Range{100, 600'000},
              Default{3'000}),
        field(&Config::preserve_from, "preserve_from",
              "With this many leases, when over half of them lapse within one beat, nobody is struck "
              "off until enough renew",
              Range{2, 1'000'000}, Default{5}),
        field(&Config::preserve_seconds, "preserve_seconds",
              "How long at most, before those that do not renew are struck off after all", Range{1, 86'400},
              Default{300}),
        field(&Config::sweep_ms, "sweep_ms", "How often leases that lapsed are looked for", Range{10, 60'000},
              Default{250}),
        field(&Config::probe_ms, "probe_ms", "How often each instance is asked for GET /health/ready",
              Range{10, 3'600'000}, Default{3'000}),
        field(&Config::probe_timeout_ms, "probe_timeout_ms", "How long its answer may take", Range{10, 60'000},
              Default{1'000}),
        field(&Config::probes_at_once, "probes_at_once", "Instances asked at a time", Range{1, 1'000}, Default{16}),
        field(&Config::instances, "instances", "Instances that may be registered", Range{1, 1'000'000},
              Default{10'000}),
        field(&Config::instances_per_token, "instances_per_token",
              "Those of them that tokens of one subject may register; the cluster's token may all", Range{1, 1'000'000},
              Default{100}),
        field(&Config::changes_kept, "changes_kept", "Changes that are remembered for those who watch",
              Range{1, 1'000'000}, Default{1'000}),
        field(&Config::watchers, "watchers",
              "Those who may wait for a change at once; others are told 503, so that they take no room from "
              "those who renew",
              Range{1, 1'000'000}, Default{1'000}),
        field(&Config::denied_ranges, "denied_ranges",
              "Addresses that may not be registered, such as 10.1.0.0/16; link-local and metadata "
              "addresses never may"),
        field(&Config::allowed_ranges, "allowed_ranges",
              "The only addresses that may be registered; empty: all others"));
  }
  void check_whole(Violations& found) const;
};

std::unique_ptr<Hosted<Registry>> make(const Config& config, const Environment& environment);

}  // namespace svc::registry
