// Registry: which instances of which service are there, and how they are. All that other modules may know of it.
#pragma once

#include "base/check.h"
#include "contract/service.h"
#include "registry/types.h"

namespace svc::registry {

inline constexpr int longest_watch = 60;

struct Register {
  std::string service_name, host;
  int port = 0;
  std::optional<std::string> version;
  std::int64_t weight = 1;
  TextMap metadata;
  std::optional<std::int64_t> ttl_seconds;
  static constexpr auto fields() {
    return rows(
        field(&Register::service_name, "serviceName", "What it serves", is_slug),
        field(&Register::host, "host", "Where it is reached: an address or a name", is_host),
        field(&Register::port, "port", "Where it listens", Range{1, 65'535}),
        field(&Register::version, "version", "Which version it runs", Length{1, 64}, is_visible),
        field(&Register::weight, "weight", "Its share under the policy weighted", Range{1, weight_limit}, Default{1}),
        field(&Register::metadata, "metadata", "What it notes about itself", Entries{32, {1, 64}, {0, 256}}),
        field(&Register::ttl_seconds, "ttlSeconds", "How long it is believed to be there without renewing",
              Range{1, lease_limit}));
  }
  bool permits(const Caller& caller) const { return caller.may_register(service_name); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/register",
                                     .name = "register_instance",
                                     .summary = "Registers an instance, or renews the one at the same host and port",
                                     .access = Access::registrar,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::exhausted}};
  using Response = Granted;
};

struct Renew {
  std::string service_name, instance_id;
  static constexpr auto fields() {
    return rows(field(&Renew::service_name, "serviceName", "What it serves"),
                field(&Renew::instance_id, "instanceId", "The instance"));
  }
  bool permits(const Caller& caller) const { return caller.may_register(service_name); }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/register/{serviceName}/{instanceId}",
                                     .success = 204,
                                     .name = "renew_instance",
                                     .summary = "Renews a lease; one that is gone is to be registered again",
                                     .access = Access::registrar,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::not_found}};
  using Response = Nothing;
};

struct Deregister {
  std::string service_name, instance_id;
  static constexpr auto fields() {
    return rows(field(&Deregister::service_name, "serviceName", "What it serves"),
                field(&Deregister::instance_id, "instanceId", "The instance"));
  }
  bool permits(const Caller& caller) const { return caller.may_register(service_name); }
  static constexpr Endpoint endpoint{.verb = Verb::del,
                                     .path = "/register/{serviceName}/{instanceId}",
                                     .success = 204,
                                     .name = "deregister_instance",
                                     .summary = "Takes an instance off, if it is there",
                                     .access = Access::registrar,
                                     .retry = Retry::idempotent};
  using Response = Nothing;
};

struct Discover {
  std::string service_name;
  Policy policy = Policy::round_robin;
  std::optional<std::string> key;
  static constexpr auto fields() {
    return rows(
        field(&Discover::service_name, "serviceName", "The service"),
        field(&Discover::policy, "policy", "How one of its instances is picked", Default{"round_robin"}),
        field(&Discover::key, "key", "With consistent_hash: the same key leads to the same instance", Length{1, 256}));
  }
  void check_whole(Violations& found) const {
    if (policy == Policy::consistent_hash && !key)
      report(found, {"/key", "required", "is needed with consistent_hash"});
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/discover/{serviceName}",
                                     .name = "discover_instance",
                                     .summary = "Picks an instance of a service that can be expected to answer",
                                     .access = Access::anyone,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Instance;
};

struct ListServices {
  static constexpr auto fields() { return rows(); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/services",
                                     .name = "list_services",
                                     .summary = "Lists every service with its instances and how they are",
                                     .access = Access::anyone,
                                     .retry = Retry::read};
  using Response = Directory;
};

struct GetService {
  std::string service_name;
  static constexpr auto fields() { return rows(field(&GetService::service_name, "serviceName", "The service")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/services/{serviceName}",
                                     .name = "get_service",
                                     .summary = "Lists the instances of a service and how they are",
                                     .access = Access::anyone,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = Listed;
};

/// A renewal alone is no change.
struct Watch {
  std::optional<std::string> epoch;
  std::optional<std::int64_t> since;
  int timeout = 30;
  static constexpr auto fields() {
    return rows(
        field(&Watch::epoch, "epoch", "That of the last answer; absent at first", Length{1, 100}),
        field(&Watch::since, "since", "The revision of the last answer; absent at first", Range{0, INT64_MAX}),
        field(&Watch::timeout, "timeout", "Seconds to wait for a change", Range{0, longest_watch}, Default{30}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/watch",
                                     .name = "watch_services",
                                     .summary = "Tells what changed since a revision, as soon as there is something",
                                     .access = Access::anyone,
                                     .retry = Retry::read,
                                     .patience_seconds = longest_watch};
  using Response = Watched;
};

struct Registry : Service<Registry, Register, Renew, Deregister, Discover, ListServices, GetService, Watch> {
  static constexpr std::string_view name = "registry";
  static constexpr std::string_view summary = "Instances of services: who is there, and how they are";
  static constexpr std::string_view own_url = "http://127.0.0.1:3000";
};

}  // namespace svc::registry
