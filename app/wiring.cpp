#include "wiring.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>
#include <vector>

#include "administration_service.h"
#include "async/loop.h"
#include "contract/door.h"
#include "discovery.h"
#include "documents.h"
#include "events/amqp_carrier.h"
#include "gateway/module.h"
#include "health.h"
#include "http/client.h"
#include "http/outside.h"
#include "http/server.h"
#include "identity/cluster_key.h"
#include "identity/token_verifier.h"
#include "links.h"
#include "metrics.h"
#include "observe/log.h"
#include "registration.h"
#include "tokens.h"

namespace svc::app {
namespace {

std::size_t thread_count(const Settings& settings) {
  if (settings.general.threads > 0) return static_cast<std::size_t>(settings.general.threads);
  return std::max(1u, std::thread::hardware_concurrency());
}

std::filesystem::path database_file(const Settings& settings, std::string_view module) {
  const auto& set = settings.database.of(module);
  if (!set.empty()) return set.substr(std::string_view("sqlite:").size());
  return std::filesystem::path(settings.general.data) / (std::string(module) + ".db");
}

// By which address others reach this process.
std::string own_address(const Settings& settings) {
  if (!settings.instance.address.empty()) return settings.instance.address;
  if (settings.general.host != "0.0.0.0" && settings.general.host != "::") return settings.general.host;
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Addresses that may not be registered are not connected to either, whatever name led to them.
http::HostRules host_rules(const Settings& settings) {
  return http::HostRules({.denied = settings.registry.denied_ranges, .allowed = settings.registry.allowed_ranges});
}

std::unique_ptr<events::Carrier> carrier_of(const Settings& settings, const std::string& instance, const Clock& clock) {
  const auto broker = amqp::parse_address(settings.general.events);
  if (!broker) return std::make_unique<events::Embedded>();
  // Of every consumer there is, wherever it is hosted.
  std::vector<amqp::Queue> queues{
      events::queue_for<order::Hears>(order::Orders::name, settings.amqp),
      events::queue_for<notification::Hears>(notification::Notifications::name, settings.amqp)};
  return std::make_unique<events::AmqpCarrier>(*broker, settings.amqp, std::move(queues), instance, clock);
}

// Requests for a module that is hosted here, as long as its calls stay here.
class AutoUpstream final : public gateway::Upstream {
 public:
  AutoUpstream(const Hosting& hosting, std::unique_ptr<gateway::Upstream> here,
               std::unique_ptr<gateway::Upstream> elsewhere)
      : hosting_(hosting), here_(std::move(here)), elsewhere_(std::move(elsewhere)) {}
  Task<http::Response> forward(http::Request& request, const gateway::Terms& terms) override {
    return (hosting_.is_here() ? here_ : elsewhere_)->forward(request, terms);
  }

 private:
  const Hosting& hosting_;
  const std::unique_ptr<gateway::Upstream> here_, elsewhere_;
};

}  // namespace

// Members are made in this order and destroyed in the opposite one.
struct Process::Parts {
  Parts(const Settings& chosen, const Clock& time)
      : settings(chosen),
        clock(time),
        ids(time),
        loops(thread_count(chosen)),
        instance_name(ids.next()),
        carrier(carrier_of(chosen, instance_name, time)),
        events{*carrier, chosen.outbox, chosen.inbox},
        environment{loops, clock, ids, instance_name, chosen.general.data, events},
        cluster(cluster_key_file(chosen), time),
        client(chosen.http.client, host_rules(chosen)),
        links(settings, client, cluster),
        tls(chosen.http.tls.on() && chosen.hosts("gateway") ? std::make_unique<http::TlsContext>(chosen.http.tls)
                                                            : nullptr),
        tokens(
            time, [this] { return fetch_keys(); }, verifier_options()),
        identify(tokens, cluster, {.deadline = seconds{chosen.http.deadline_seconds}}) {}

  Task<Result<Jwks>> fetch_keys() {
    Call call;
    return users->handle(call.within(seconds{2}), user::GetKeys{});
  }

  TokenVerifier::Options verifier_options() const {
    TokenVerifier::Options options;
    if (!settings.hosts("user")) options.cache_file = published_keys_file(settings);
    return options;
  }

  // A hosted module: its routes, its part in readiness, and its state.
  template <class S>
  void host(Hosted<S>& module) {
    const std::string name{S::name};
    if (settings.link_to(name) == "auto") links.host(name, module);
    auto& router = routers[name];
    for (const auto where : {Surface::open, Surface::internal, Surface::operations})
      http::Outside<S>::mount(router, where, module.service(), identify);
    if (auto* const feed = module.feed()) http::Outside<EventFeed>::mount(router, Surface::internal, *feed, identify);
    if (auto* const parked = module.parked())
      http::Outside<ParkedEvents>::mount(router, Surface::internal, *parked, identify);
    troubles[name] = [&module] { return module.trouble(); };
    background.push_back(&module);
    hosted[name] = {&module, links.hosting(name), nullptr};
  }

  // A link to the events of a module, and one to what it has heard in vain, wherever it is.
  template <class S>
  std::unique_ptr<EventFeed> feed_of(Hosted<S>* module, const std::string& asker) {
    return links.to_part(std::string(S::name), module, module == nullptr ? nullptr : module->feed(), asker);
  }
  template <class S>
  void add_consumer(Hosted<S>* module, const std::string& asker) {
    const std::string name{S::name};
    consumers[name] = links.to_part(name, module, module == nullptr ? nullptr : module->parked(), asker);
  }

  // The routes by which a module's operations are reached from outside, wherever it is.
  template <class S>
  void add_outer_routes() {
    const std::string name{S::name};
    auto elsewhere = gateway::upstream_behind(links.remote(name), name, cluster);
    const auto* const hosting = links.hosting(name);
    if (hosting != nullptr)
      upstreams.push_back(std::make_unique<AutoUpstream>(*hosting, gateway::upstream_in_process(routers.at(name)),
                                                         std::move(elsewhere)));
    else if (links.via(name) == "local") upstreams.push_back(gateway::upstream_in_process(routers.at(name)));
    else upstreams.push_back(std::move(elsewhere));
    auto* const upstream = upstreams.back().get();
    S::each_operation([&]<class Op>() {
      if (surface(Op::endpoint) == Surface::open) open_routes.push_back({Op::endpoint, upstream});
      if (surface(Op::endpoint) == Surface::operations) operations_routes.push_back({Op::endpoint, upstream});
    });
  }

  void make_modules();
  void open_ports();
  void open(const std::string& name, http::Handler handler, const http::ServerOptions& options,
            const http::TlsContext* secured = nullptr);
  void add_operations(http::Router& router);
  void take_part();
  void linger();

  const Settings settings;
  const Clock& clock;
  Uuid7 ids;
  Loops loops;
  const std::string instance_name;  // among those that share data
  const std::unique_ptr<events::Carrier> carrier;
  const events::Setup events;
  const Environment environment;
  ClusterKey cluster;
  http::Client client;
  Links links;
  const std::unique_ptr<http::TlsContext> tls;  // of the gateway's port, if it speaks HTTPS
  TokenVerifier tokens;
  http::Identify identify;

  std::unique_ptr<Hosted<registry::Registry>> registry;
  std::unique_ptr<Hosted<user::Users>> user;
  std::unique_ptr<Hosted<inventory::Inventory>> inventory;
  std::unique_ptr<Hosted<payment::Payments>> payment;
  std::unique_ptr<registry::Registry> registry_link;
  std::unique_ptr<user::Users> users;
  std::unique_ptr<EventFeed> user_events;
  std::unique_ptr<inventory::Inventory> inventory_link;
  std::unique_ptr<payment::Payments> payments;
  std::unique_ptr<Hosted<order::Orders>> order;
  std::unique_ptr<order::Orders> orders;
  std::unique_ptr<EventFeed> order_events;
  std::unique_ptr<Hosted<notification::Notifications>> notification;
  Consumers consumers;

  std::map<std::string, HostedPart, std::less<>> hosted;
  std::unique_ptr<AdministrationService> administration;
  std::map<std::string, http::Router> routers;  // of hosted modules' own ports
  http::Router operations;
  Troubles troubles;
  std::atomic<bool> leaving{false};
  std::vector<Module*> background;
  std::vector<std::unique_ptr<gateway::Upstream>> upstreams;
  std::vector<gateway::Route> open_routes, operations_routes;
  std::vector<std::pair<std::string, std::unique_ptr<http::Server>>> servers;
  std::unique_ptr<Discovery> discovery;
  std::vector<std::unique_ptr<Registration>> registrations;
};

void Process::Parts::make_modules() {
  if (settings.hosts("registry")) registry = registry::make(settings.registry, environment);
  if (settings.hosts("user")) user = user::make(settings.user, environment, database_file(settings, "user"));
  if (settings.hosts("inventory"))
    inventory = inventory::make(settings.inventory, environment, database_file(settings, "inventory"));
  if (settings.hosts("payment"))
    payment = payment::make(settings.payment, environment, database_file(settings, "payment"));
  // Tokens are verified in every process, orders and notifications ask the others, and operators ask of all their
  // events: the links of all of them.
  const std::string asker = settings.hosts("order") ? "order" : "svc";
  const auto& registry_url = settings.general.registry_url;
  if (registry && registry_url.empty()) {
    registry_link = http::Outside<registry::Registry>::enter(registry->service());
  } else {
    // It is asked seldom, and a breaker would only keep it from being found again.
    auto options = settings.remote;
    options.breaker = {.window = resilience::BreakerWindow::time, .minimum_calls = 1'000'000};
    const auto remote = std::make_shared<http::RemoteService>(client, "registry", options);
    remote->set_instances({{"url", registry_address(settings)}});
    registry_link = http::Outside<registry::Registry>::connect({remote, &cluster, asker, "registry"});
  }
  users = links.to<user::Users>(user.get(), asker);
  user_events = feed_of(user.get(), asker);
  inventory_link = links.to<inventory::Inventory>(inventory.get(), asker);
  payments = links.to<payment::Payments>(payment.get(), asker);
  if (settings.hosts("order"))
    order = order::make(settings.order, environment, database_file(settings, "order"),
                        order::Links{*users, *user_events, *inventory_link, *payments});
  orders = links.to<order::Orders>(order.get(), asker);
  order_events = feed_of(order.get(), asker);
  if (settings.hosts("notification"))
    notification = notification::make(settings.notification, environment, database_file(settings, "notification"),
                                      notification::Links{*users, *order_events});
  add_consumer(order.get(), asker);
  add_consumer(notification.get(), asker);
  if (registry) host(*registry);
  if (user) host(*user);
  if (inventory) host(*inventory);
  if (payment) host(*payment);
  if (order) host(*order);
  if (notification) host(*notification);
  administration = std::make_unique<AdministrationService>(settings, links, hosted, consumers, *orders, *payments);
  discovery = std::make_unique<Discovery>(*registry_link);
}

void Process::Parts::open(const std::string& name, http::Handler handler, const http::ServerOptions& options,
                          const http::TlsContext* secured) {
  servers.emplace_back(name, std::make_unique<http::Server>(loops, settings.general.host, settings.port.of(name),
                                                            std::move(handler), options, secured));
}

// What a gateway lets through it passes on with fields of its own; a module's port has room for them.
http::ServerOptions with_room_for_gateway(http::ServerOptions options) {
  options.limits.header_fields += 10;
  options.limits.header_block += 4 * 1024;
  return options;
}

// What every port that is not for clients has.
void Process::Parts::add_operations(http::Router& router) {
  auto parts = troubles;
  parts["process"] = [this] { return leaving ? std::optional<std::string>("stopping") : std::nullopt; };
  add_health(router, std::move(parts), [this] { return links.told(); });
  std::vector<Measured> measured;
  for (const auto& [name, part] : hosted)
    if (part.module != nullptr) measured.push_back({name, part.module});
  add_metrics(router, std::move(measured));
  http::Outside<Administration>::mount(router, Surface::operations, *administration, identify);
}

void Process::Parts::open_ports() {
  for (auto& [name, router] : routers) add_operations(router);
  if (settings.hosts("gateway")) {
    add_outer_routes<user::Users>();
    add_outer_routes<inventory::Inventory>();
    add_outer_routes<order::Orders>();
    add_outer_routes<payment::Payments>();
    add_outer_routes<notification::Notifications>();
    const auto reach = [this](const std::string& service) { return links.remote(service); };
    open("gateway", gateway::make(settings.gateway, open_routes, identify, openapi_document(), reach),
         settings.http.server, tls.get());
    gateway::add_routes(operations, operations_routes, identify);
    add_operations(operations);
    open("operations", [this](http::Request& request) { return operations.dispatch(request); }, settings.http.server);
  }
  for (auto& [name, router] : routers)
    if (settings.opens_port_of(name))
      open(
          name, [&router](http::Request& request) { return router.dispatch(request); },
          with_room_for_gateway(settings.http.server));
}

// Tells the registry of the open ports, and follows what others tell it.
void Process::Parts::take_part() {
  // Calls to modules show that they come from this system, and may show an admin's token: not to just anybody
  // who has registered under the module's name.
  for (const auto& [name, remote] : links.by_registry())
    discovery->follow(name, is_linked_module(name) ? Discovery::Trust::system : Discovery::Trust::anyone,
                      [remote](const auto& instances) { remote->set_instances(instances); });
  int operations_port = 0;
  for (const auto& [name, server] : servers)
    if (operations_port == 0 || name == "operations") operations_port = server->port();
  for (const auto& [name, server] : servers) {
    if (name == "operations" || name == "registry") continue;
    registry::Register instance;
    instance.service_name = name;
    instance.host = own_address(settings);
    instance.port = server->port();
    instance.version = SVC_VERSION;
    instance.weight = settings.instance.weight;
    instance.metadata.emplace("operations", std::to_string(operations_port));
    auto& part = hosted[name];
    // Once ready it stays registered: the registry sees for itself how it fares.
    const auto ready = [this, &part, once = false]() mutable {
      once = once || part.module == nullptr || !part.module->trouble();
      return once && !leaving && (part.hosting == nullptr || !part.hosting->drained());
    };
    registrations.push_back(std::make_unique<Registration>(*registry_link, std::move(instance), ready));
    part.registration = registrations.back().get();
  }
  discovery->start(loops[0]);
  for (auto& registration : registrations) registration->start(loops[0]);
}

// Deregistered and not ready, but serving, until who sends requests has heard of it.
void Process::Parts::linger() {
  leaving = true;
  for (auto& registration : registrations) registration->leave(seconds{2});
  for (auto& [name, server] : servers) server->leave();
  std::this_thread::sleep_for(milliseconds{settings.general.linger_ms});
  for (auto& registration : registrations) registration->stop();
}

Process::Process(const Settings& settings, const Clock& clock) : parts_(std::make_unique<Parts>(settings, clock)) {
  parts_->make_modules();
  parts_->open_ports();
}

Process::~Process() {
  if (parts_) parts_->loops.stop();  // before anything that a loop may still be running goes
}

void Process::start() {
  for (auto* module : parts_->background) module->start();
  for (auto& [name, server] : parts_->servers) server->start();
  parts_->take_part();
}

void Process::stop(Steady::duration drain) {
  parts_->linger();
  // The gateway first: what it has taken on may still need the others.
  const auto until = Steady::now() + drain;
  for (auto* module : parts_->background) module->stopping();
  for (auto& [name, server] : parts_->servers) server->stop(std::max(until - Steady::now(), Steady::duration::zero()));
  for (auto& module : parts_->background) module->stop();
  parts_->client.hang_up();
  parts_->discovery->stop();
  parts_->loops.stop();
}

void Process::reload_certificate() {
  if (!parts_->tls) return;
  try {
    parts_->tls->reload();
    log::info("certificate_reloaded");
  } catch (const std::exception& failure) {
    log::error("certificate_not_reloaded", {{"why", failure.what()}});
  }
}

std::map<std::string, int> Process::ports() const {
  std::map<std::string, int> ports;
  for (const auto& [name, server] : parts_->servers) ports[name] = server->port();
  return ports;
}

}  // namespace svc::app
