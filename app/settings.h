// Settings: all that can be set, and how it is read from the command line.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/fields.h"
#include "config/config.h"
#include "contract/span.h"
#include "events/amqp_carrier.h"
#include "gateway/module.h"
#include "http/client.h"
#include "http/remote_service.h"
#include "http/server.h"
#include "inventory/module.h"
#include "notification/module.h"
#include "observe/log.h"
#include "order/module.h"
#include "payment/module.h"
#include "registry/module.h"
#include "user/module.h"

namespace svc::app {

/// Modules in the order in which they are made: each uses only those before it.
inline constexpr std::string_view module_names[] = {"registry", "user",         "inventory", "payment",
                                                    "order",    "notification", "gateway"};
/// Those of them that have a database, and that others reach by links.
inline constexpr std::string_view linked_names[] = {"user", "inventory", "payment", "order", "notification"};

constexpr bool is_linked_module(std::string_view name) {
  return std::ranges::find(linked_names, name) != std::end(linked_names);
}

struct Ports {
  int registry = 3000, user = 3001, order = 3002, inventory = 3003, payment = 3004, notification = 3005, gateway = 8000,
      operations = 9000;
  static constexpr auto fields() {
    constexpr Range port{0, 65'535};
    return rows(field(&Ports::registry, "registry", "Port of the registry; open wherever it is hosted", port),
                field(&Ports::user, "user", "Port of the user module; 0 takes any free one", port),
                field(&Ports::order, "order", "Port of the order module", port),
                field(&Ports::inventory, "inventory", "Port of the inventory module", port),
                field(&Ports::payment, "payment", "Port of the payment module", port),
                field(&Ports::notification, "notification", "Port of the notification module", port),
                field(&Ports::gateway, "gateway", "Port of the gateway", port),
                field(&Ports::operations, "operations",
                      "Port of health and administration, where the gateway is hosted", port));
  }
  int of(std::string_view module) const;
};

/// How each module is reached, or where its data are.
struct PerModule {
  std::string user, order, inventory, payment, notification;
  const std::string& of(std::string_view module) const;
};
struct LinkSettings : PerModule {
  LinkSettings() : PerModule{"auto", "auto", "auto", "auto", "auto"} {}
  static constexpr auto fields() {
    constexpr auto doc =
        "auto: in this process while it is hosted and ready here, else by the registry; local; http: by the "
        "registry; "
        "or the http:// URL of the process that hosts it";
    return rows(field(&PerModule::user, "user", doc), field(&PerModule::order, "order", doc),
                field(&PerModule::inventory, "inventory", doc), field(&PerModule::payment, "payment", doc),
                field(&PerModule::notification, "notification", doc));
  }
};
struct DatabaseSettings : PerModule {
  static constexpr auto fields() {
    constexpr auto doc = "sqlite:PATH; empty: a file of the module's name under the data directory";
    return rows(field(&PerModule::user, "user", doc), field(&PerModule::order, "order", doc),
                field(&PerModule::inventory, "inventory", doc), field(&PerModule::payment, "payment", doc),
                field(&PerModule::notification, "notification", doc));
  }
};

struct General {
  std::string role = "all", data = "data", host = "127.0.0.1";
  bool expose = false;
  std::string registry_url, cluster_key, events = "embedded";
  int threads = 0;
  std::int64_t drain_seconds = 10, linger_ms = 1'000;
  static constexpr auto fields() {
    return rows(
        field(&General::role, "role", "all, or the modules to host: user,order", Length{1, 200}),
        field(&General::data, "data", "Directory of databases, keys, mail and logs", Length{1, 4'000}),
        field(&General::host, "host", "Address to listen on", Length{1, 255}),
        field(&General::expose, "expose", "Open the hosted modules' own ports beside the gateway's"),
        field(&General::registry_url, "registry_url",
              "Where instances register and are found, such as http://127.0.0.1:3000; empty: in this process "
              "where the "
              "registry is hosted, else there",
              Length{0, 1'000}),
        field(&General::cluster_key, "cluster_key",
              "File of the secret that the processes of one system share; empty: keys/cluster under the data "
              "directory",
              Length{0, 4'000}),
        field(&General::events, "events",
              "What carries events: embedded, or the amqp:// or amqps:// URI of a RabbitMQ broker", Length{1, 1'000}),
        field(&General::threads, "threads", "Threads that serve requests; 0: one for each core", Range{0, 256}),
        field(&General::drain_seconds, "drain_seconds", "How long running requests may take to end after SIGTERM",
              Range{0, 3'600}),
        field(&General::linger_ms, "linger_ms",
              "How long it goes on serving after SIGTERM, deregistered and not ready, so that who sends "
              "requests hears "
              "of it",
              Range{0, 600'000}));
  }
};

/// How others know this process.
struct InstanceSettings {
  std::string address;
  std::int64_t weight = 1;
  static constexpr auto fields() {
    return rows(field(&InstanceSettings::address, "address",
                      "Address or name by which other processes reach this one; empty: host, or this "
                      "machine's name where that is "
                      "every address",
                      Length{0, 255}),
                field(&InstanceSettings::weight, "weight", "Its share of the calls under the policy weighted",
                      Range{1, registry::weight_limit}));
  }
};

struct HttpSettings {
  std::int64_t deadline_seconds = 10;
  http::TlsOptions tls{};
  http::ServerOptions server{};
  http::ClientOptions client{};
  static constexpr auto fields() {
    return rows(field(&HttpSettings::deadline_seconds, "deadline_seconds",
                      "Time to answer a request in, unless it prefers to wait longer", Range{1, 600}, Default{10}),
                field(&HttpSettings::tls, "tls", "HTTPS on the gateway's port"),
                field(&HttpSettings::server, "server", "The HTTP front"),
                field(&HttpSettings::client, "client", "Calls to other processes"));
  }
};

struct Settings {
  General general{};
  Ports port{};
  LinkSettings link{};
  DatabaseSettings database{};
  log::Options log{};
  SpanOptions trace{};
  HttpSettings http{};
  http::RemoteOptions remote{};
  InstanceSettings instance{};
  events::OutboxOptions outbox{};
  events::ConsumerOptions inbox{};
  events::AmqpOptions amqp{};
  registry::Config registry{};
  user::Config user{};
  inventory::Config inventory{};
  payment::Config payment{};
  order::Config order{};
  notification::Config notification{};
  gateway::Config gateway{};

  /// The modules of `general.role`.
  std::set<std::string, std::less<>> hosted{};
  bool hosts(std::string_view module) const { return hosted.contains(module); }
  /// Whether a hosted module has a port of its own in this process.
  bool opens_port_of(std::string_view module) const {
    return module == "gateway" || module == "registry" || !hosts("gateway") || general.expose;
  }
  /// How a service is reached, as LinkSettings has it; those that are no module of ours are found by the
  /// registry.
  const std::string& link_to(std::string_view service) const;
  /// How calls to a service are balanced: those of the gateway's routes to it as these say.
  resilience::Policy balance_of(std::string_view service) const;
  /// The names of the ports that a process of these settings opens.
  std::vector<std::string_view> opened_ports() const;
};

/// What `svc events` is to do about parked events.
struct EventsCommand {
  enum class What { list, show, retry, drop };
  What what = What::list;
  std::string id;        ///< of the event; not with list
  std::string consumer;  ///< the module that consumes it; empty: whichever has it parked
};

/// What a command line asks for.
struct CommandLine {
  enum class Action {
    serve,
    check_config,
    print_config,
    print_template,
    openapi,
    asyncapi,
    status,
    explain,
    events,
    token,
    help,
    version
  };
  Action action = Action::serve;
  Settings settings{};
  std::string text{};  ///< of help, version, or the configuration in force
  EventsCommand events{};
  std::string explained{};  ///< the id that explain is asked about
  std::string subject{}, scope{};
  seconds time_to_live{3600};
};

/// The faults of a command line or configuration, all of them.
struct Faults {
  std::vector<std::string> all;
};

/// Reads flags, environment and file.
tl::expected<CommandLine, Faults> read_command_line(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment);

}  // namespace svc::app
