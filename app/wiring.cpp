#include "wiring.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "contract/door.h"
#include "documents.h"
#include "gateway/module.h"
#include "health.h"
#include "http/client.h"
#include "http/outside.h"
#include "http/server.h"
#include "identity/cluster_key.h"
#include "identity/token_verifier.h"
#include "observe/log.h"
#include "tokens.h"

namespace svc::app {
namespace {

std::size_t thread_count(const Settings& settings) {
  if (settings.general.threads > 0) return static_cast<std::size_t>(settings.general.threads);
  return std::max(1u, std::thread::hardware_concurrency());
}

std::filesystem::path cluster_key_file(const Settings& settings) {
  if (!settings.general.cluster_key.empty()) return settings.general.cluster_key;
  return std::filesystem::path(settings.general.data) / "keys" / "cluster";
}

std::filesystem::path database_file(const Settings& settings, std::string_view module) {
  const auto& set = settings.database.of(module);
  if (!set.empty()) return set.substr(std::string_view("sqlite:").size());
  return std::filesystem::path(settings.general.data) / (std::string(module) + ".db");
}

// Where a module that is not linked locally is looked for.
http::Address address_of(const Settings& settings, std::string_view module) {
  const auto& link = settings.link.of(module);
  if (const auto url = http::parse_base_url(link)) return *url;
  return {"127.0.0.1", settings.port.of(module)};
}

bool is_local(const Settings& settings, std::string_view module) {
  const auto& link = settings.link.of(module);
  return settings.hosts(module) && (link == "auto" || link == "local");
}

}  // namespace

// Members are made in this order and destroyed in the opposite one.
struct Process::Parts {
  Parts(const Settings& chosen, const Clock& time)
      : settings(chosen),
        clock(time),
        ids(time),
        loops(thread_count(chosen)),
        environment{loops, clock, ids, ids.next(), chosen.general.data},
        cluster(cluster_key_file(chosen), time),
        client(chosen.http.client),
        tls(chosen.http.tls.on() && chosen.hosts("gateway") ? std::make_unique<http::TlsContext>(chosen.http.tls) : nullptr),
        tokens(time, [this] { return fetch_keys(); }, verifier_options()),
        identify(tokens, cluster, {.deadline = seconds{chosen.http.deadline_seconds}}) {}

  Task<Result<Jwks>> fetch_keys() {
    Call call;
    return users->handle(call.within(seconds{2}), user::GetKeys{});
  }

  TokenVerifier::Options verifier_options() const {
    TokenVerifier::Options options;
    if (!settings.hosts("user"))
      options.cache_file = published_keys_file(settings);
    return options;
  }

  std::shared_ptr<http::Transport> transport_to(std::string_view module) {
    return std::make_shared<http::RemoteTransport>(client, address_of(settings, module));
  }

  // What one module made of a contract: its own service, if hosted, and the link by which others reach it.
  template <class S>
  struct Linked {
    std::unique_ptr<Hosted<S>> hosted;
    std::unique_ptr<S> link;
  };

  // A link to S as `asker` uses it.
  template <class S>
  std::unique_ptr<S> link_to(Hosted<S>* hosted, const std::string& asker) {
    if (is_local(settings, S::name)) return std::make_unique<Stub<S, Local<S>>>(Local<S>{Door<S>(hosted->service())});
    return http::Outside<S>::connect({transport_to(S::name), &cluster, asker, std::string(S::name)});
  }

  // A hosted module: its routes, its part in readiness, and its upstream for the gateway.
  template <class S>
  void host(Hosted<S>& module) {
    auto& router = routers[std::string(S::name)];
    for (const auto where : {Surface::open, Surface::internal, Surface::operations})
      http::Outside<S>::mount(router, where, module.service(), identify);
    troubles[std::string(S::name)] = [&module] { return module.trouble(); };
    background.push_back(&module);
  }

  // The routes by which a module's operations are reached from outside, wherever it is.
  template <class S>
  void add_outer_routes() {
    const std::string name{S::name};
    upstreams.push_back(is_local(settings, name)
                            ? gateway::upstream_in_process(routers.at(name))
                            : gateway::upstream_behind(transport_to(name), name, cluster));
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
  std::map<std::string, std::string> told_links() const;

  const Settings settings;
  const Clock& clock;
  Uuid7 ids;
  Loops loops;
  const Environment environment;
  ClusterKey cluster;
  http::Client client;
  const std::unique_ptr<http::TlsContext> tls;  // of the gateway's port, if it speaks HTTPS
  TokenVerifier tokens;
  http::Identify identify;

  std::unique_ptr<Hosted<registry::Registry>> registry;
  std::unique_ptr<Hosted<user::Users>> user;
  std::unique_ptr<Hosted<inventory::Inventory>> inventory;
  std::unique_ptr<Hosted<payment::Payments>> payment;
  std::unique_ptr<user::Users> users;
  std::unique_ptr<inventory::Inventory> inventory_link;
  std::unique_ptr<payment::Payments> payments;
  std::unique_ptr<Hosted<order::Orders>> order;

  std::map<std::string, http::Router> routers;  // of hosted modules' own ports
  http::Router operations;
  Troubles troubles;
  std::vector<Module*> background;
  std::vector<std::unique_ptr<gateway::Upstream>> upstreams;
  std::vector<gateway::Route> open_routes, operations_routes;
  std::vector<std::pair<std::string, std::unique_ptr<http::Server>>> servers;
};

void Process::Parts::make_modules() {
  if (settings.hosts("registry")) registry = registry::make(settings.registry, environment);
  if (settings.hosts("user")) user = user::make(settings.user, environment, database_file(settings, "user"));
  if (settings.hosts("inventory"))
    inventory = inventory::make(settings.inventory, environment, database_file(settings, "inventory"));
  if (settings.hosts("payment"))
    payment = payment::make(settings.payment, environment, database_file(settings, "payment"));
  // Tokens are verified in every process, and orders ask the others: the links of both.
  const std::string asker = settings.hosts("order") ? "order" : "svc";
  users = link_to<user::Users>(user.get(), asker);
  inventory_link = link_to<inventory::Inventory>(inventory.get(), asker);
  payments = link_to<payment::Payments>(payment.get(), asker);
  if (settings.hosts("order"))
    order = order::make(settings.order, environment, database_file(settings, "order"),
                        order::Links{*users, *inventory_link, *payments});
  if (registry) host(*registry);
  if (user) host(*user);
  if (inventory) host(*inventory);
  if (payment) host(*payment);
  if (order) host(*order);
}

std::map<std::string, std::string> Process::Parts::told_links() const {
  std::map<std::string, std::string> links;
  for (const auto module : linked_names) {
    const auto address = address_of(settings, module);
    links[std::string(module)] =
        is_local(settings, module) ? "local" : "http://" + address.host + ":" + std::to_string(address.port);
  }
  return links;
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

void Process::Parts::open_ports() {
  const auto links = told_links();
  for (auto& [name, router] : routers) add_health(router, troubles, links);
  if (settings.hosts("gateway")) {
    add_outer_routes<user::Users>();
    add_outer_routes<inventory::Inventory>();
    add_outer_routes<order::Orders>();
    add_outer_routes<payment::Payments>();
    open("gateway", gateway::make(settings.gateway, open_routes, identify, openapi_document()), settings.http.server,
         tls.get());
    gateway::add_routes(operations, operations_routes, identify);
    add_health(operations, troubles, links);
    open("operations", [this](http::Request& request) { return operations.dispatch(request); }, settings.http.server);
  }
  for (auto& [name, router] : routers)
    if (settings.opens_port_of(name))
      open(name, [&router](http::Request& request) { return router.dispatch(request); },
           with_room_for_gateway(settings.http.server));
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
}

void Process::stop(Steady::duration drain) {
  // The gateway first: what it has taken on may still need the others.
  const auto until = Steady::now() + drain;
  for (auto* module : parts_->background) module->stopping();
  for (auto& [name, server] : parts_->servers) server->stop(std::max(until - Steady::now(), Steady::duration::zero()));
  for (auto& module : parts_->background) module->stop();
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
