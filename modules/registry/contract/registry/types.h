// The types of the registry module's contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "resilience/policy.h"

namespace svc::registry {

inline constexpr std::int64_t weight_limit = 1'000, lease_limit = 3'600;

/// What the instance itself says: whether it renews.
enum class Lease {
  live,
  lapsed,  ///< it should be gone, but is kept, since too many lapsed at once
};
constexpr auto names(std::type_identity<Lease>) {
  return std::array{EnumName{Lease::live, "live"}, EnumName{Lease::lapsed, "lapsed"}};
}

/// What the registry sees when it asks the instance for GET /health/ready.
enum class Probe {
  unknown,  ///< not asked yet, or a program that answers but knows no such path
  up,
  down,
  refused,  ///< not asked: its name leads to an address that is not allowed. Nobody is sent there
};
constexpr auto names(std::type_identity<Probe>) {
  using enum Probe;
  return std::array{EnumName{unknown, "unknown"}, EnumName{up, "up"}, EnumName{down, "down"},
                    EnumName{refused, "refused"}};
}

using resilience::Policy;

struct Health {
  Lease lease = Lease::live;
  Probe probe = Probe::unknown;
  std::optional<Time> probed_at;
  static constexpr std::string_view schema_name = "InstanceHealth";
  static constexpr auto fields() {
    return rows(field(&Health::lease, "lease", "Whether it renews its lease"),
                field(&Health::probe, "probe", "What became of the last GET /health/ready"),
                field(&Health::probed_at, "probedAt", "When that was; absent before the first"));
  }
  bool operator==(const Health&) const = default;
};

/// A running program that serves a service.
struct Instance {
  std::string instance_id, service_name, host;
  int port = 0;
  std::optional<std::string> version;
  std::int64_t weight = 1;
  TextMap metadata;
  Health health;
  std::int64_t lease_seconds = 0, lease_remaining_seconds = 0;
  bool internal = false;
  static constexpr std::string_view schema_name = "Instance";
  static constexpr auto fields() {
    return rows(
        field(&Instance::instance_id, "instanceId", "What it is known by until it leaves"),
        field(&Instance::service_name, "serviceName", "What it serves"),
        field(&Instance::host, "host", "Its address or name"), field(&Instance::port, "port", "Its port"),
        field(&Instance::version, "version", "Which version it says it runs"),
        field(&Instance::weight, "weight", "Its share under the policy weighted"),
        field(&Instance::metadata, "metadata", "What it notes about itself"),
        field(&Instance::health, "health", "How it is, from both sides"),
        field(&Instance::lease_seconds, "leaseSeconds", "How long a renewal lasts"),
        field(&Instance::lease_remaining_seconds, "leaseRemainingSeconds", "How much of that is left, rounded up"),
        field(&Instance::internal, "internal",
              "Whether a service of this system registered it; the system's own calls go to no other"));
  }
  bool operator==(const Instance&) const = default;
};

/// A service and its instances.
struct Listed {
  std::string service_name;
  std::vector<Instance> instances;
  static constexpr std::string_view schema_name = "RegisteredService";
  static constexpr auto fields() {
    return rows(field(&Listed::service_name, "serviceName", "The service"),
                field(&Listed::instances, "instances", "Those of it that are registered, by host and port"));
  }
  bool operator==(const Listed&) const = default;
};

struct Directory {
  std::string epoch;
  std::int64_t revision = 0;
  bool preserving = false;
  std::vector<Listed> services;
  static constexpr std::string_view schema_name = "Directory";
  static constexpr auto fields() {
    return rows(field(&Directory::epoch, "epoch", "Which run of the registry this is"),
                field(&Directory::revision, "revision", "How many changes it has seen"),
                field(&Directory::preserving, "preserving",
                      "So many leases lapsed at once that the network is suspected: nobody is struck off "
                      "until enough renew"),
                field(&Directory::services, "services", "Every service ever seen in this run, by name"));
  }
};

struct Granted {
  std::string instance_id;
  std::int64_t lease_seconds = 0;
  static constexpr std::string_view schema_name = "Registration";
  static constexpr auto fields() {
    return rows(field(&Granted::instance_id, "instanceId", "What the instance is known by"),
                field(&Granted::lease_seconds, "leaseSeconds", "Renew within this time, best at a third of it"));
  }
  bool operator==(const Granted&) const = default;
};

enum class ChangeKind { put, removed };
constexpr auto names(std::type_identity<ChangeKind>) {
  return std::array{EnumName{ChangeKind::put, "put"}, EnumName{ChangeKind::removed, "removed"}};
}

/// What became of one instance. Of several changes of one instance only the outcome is told.
struct Change {
  ChangeKind kind = ChangeKind::put;
  std::string service_name, instance_id;
  std::optional<Instance> instance;
  static constexpr std::string_view schema_name = "RegistryChange";
  static constexpr auto fields() {
    return rows(field(&Change::kind, "kind", "put: it came, or is another now; removed: it is gone"),
                field(&Change::service_name, "serviceName", "Its service"),
                field(&Change::instance_id, "instanceId", "The instance"),
                field(&Change::instance, "instance", "As it is now; absent when it is gone"));
  }
  bool operator==(const Change&) const = default;
};

/// Either changes, or everything anew.
struct Watched {
  std::string epoch;
  std::int64_t revision = 0;
  std::optional<std::vector<Change>> changes;
  std::optional<bool> reset;
  std::optional<std::vector<Listed>> services;
  static constexpr std::string_view schema_name = "RegistryNews";
  static constexpr auto fields() {
    return rows(
        field(&Watched::epoch, "epoch", "To be given with the next question"),
        field(&Watched::revision, "revision", "To be given as `since` with the next question"),
        field(&Watched::changes, "changes", "What changed since; empty when the time was up; absent with reset"),
        field(&Watched::reset, "reset", "True when what changed is not known: forget all and take services"),
        field(&Watched::services, "services", "With reset: every service and its instances"));
  }
};

}  // namespace svc::registry
