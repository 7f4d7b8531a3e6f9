#include "settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "base/integer.h"
#include "identity/token.h"

namespace svc::app {
namespace {

constexpr std::string_view default_file = "config/svc.toml";

void add_keys(config::Config& config, Settings& settings) {
  config.add("", settings.general);
  config.add("port", settings.port);
  config.add("link", settings.link);
  config.add("database", settings.database);
  config.add("log", settings.log);
  config.add("trace", settings.trace);
  config.add("http", settings.http);
  config.add("resilience", settings.remote);
  config.add("instance", settings.instance);
  config.add("outbox", settings.outbox);
  config.add("inbox", settings.inbox);
  config.add("amqp", settings.amqp);
  config.add("registry", settings.registry);
  config.add("user", settings.user);
  config.add("inventory", settings.inventory);
  config.add("payment", settings.payment);
  config.add("order", settings.order);
  config.add("notification", settings.notification);
  config.add("gateway", settings.gateway);
}

bool is_module(std::string_view name) { return std::ranges::find(module_names, name) != std::end(module_names); }

void read_role(Settings& settings, config::Config& config) {
  const std::string& role = settings.general.role;
  for (std::size_t at = 0; at <= role.size();) {
    const auto comma = std::min(role.find(',', at), role.size());
    const auto name = role.substr(at, comma - at);
    at = comma + 1;
    if (name == "all") settings.hosted.insert(std::begin(module_names), std::end(module_names));
    else if (is_module(name)) settings.hosted.insert(name);
    else config.fault("role: this build has no module \"" + name + "\"");
  }
}

void check_link(std::string_view module, const Settings& settings, config::Config& config) {
  const auto& link = settings.link.of(module);
  const std::string name = "link." + std::string(module);
  if (link == "auto" || link == "http") return;
  if (link == "local") {
    if (!settings.hosts(module)) config.fault(name + " = local: this process does not host " + std::string(module));
  } else if (!http::parse_base_url(link)) {
    config.fault(name + " = " + link + ": must be auto, local, http, or a URL such as http://127.0.0.1:3001");
  }
}

void check_engines(const Settings& settings, config::Config& config) {
  if (settings.general.events != "embedded")
    if (const auto broker = amqp::parse_address(settings.general.events); !broker)
      config.fault("events: must be embedded, or the URI of a broker: " + broker.error().detail);
  for (const auto module : linked_names) {
    const auto& database = settings.database.of(module);
    if (!database.empty() && (!database.starts_with("sqlite:") || database.size() == 7))
      config.fault("database." + std::string(module) + ": this build has no engine but sqlite:PATH");
  }
}

template <class S>
void add_open_paths(std::vector<std::string_view>& paths) {
  S::each_operation([&]<class Op>() {
    if (surface(Op::endpoint) == Surface::open) paths.push_back(Op::endpoint.path);
  });
}

// What the modules answer is not for others to answer, and the ways to them are their own.
void check_foreign_routes(const Settings& settings, config::Config& config) {
  std::vector<std::string_view> paths;
  add_open_paths<user::Users>(paths);
  add_open_paths<inventory::Inventory>(paths);
  add_open_paths<order::Orders>(paths);
  add_open_paths<payment::Payments>(paths);
  add_open_paths<notification::Notifications>(paths);
  for (std::size_t i = 0; i < settings.gateway.routes.size(); ++i) {
    const auto& route = settings.gateway.routes[i];
    const auto at = "gateway.routes." + std::to_string(i);
    if (!gateway::is_prefix_text(route.prefix)) continue;  // told already
    const auto hidden = std::ranges::find_if(paths, [&](auto path) { return gateway::shadows(route.prefix, path); });
    if (hidden != paths.end())
      config.fault_of(at + ".prefix", "must be another one: it hides a module's " + std::string(*hidden));
    if (is_module(route.service))
      config.fault_of(at + ".service", "must be a foreign service: modules have routes of their own");
  }
}

// The ports that this process opens must differ.
void check_ports(const Settings& settings, config::Config& config) {
  std::map<int, std::string> taken;
  for (const auto port : settings.opened_ports()) {
    const int number = settings.port.of(port);
    const auto [other, is_free] = taken.emplace(number, port);
    if (number != 0 && !is_free) config.fault("port." + std::string(port) + ": is port." + other->second + " too");
  }
}

// "90", "90s", "15m", "1h", "30d".
std::optional<seconds> parse_duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_integer<std::int64_t>(text.substr(0, digits));
  const auto unit = text.substr(digits);
  const std::int64_t factor = unit.empty() || unit == "s" ? 1
                              : unit == "m"               ? 60
                              : unit == "h"               ? 3'600
                              : unit == "d"               ? 86'400
                                                          : 0;
  constexpr std::int64_t longest = 366 * 86'400;
  if (!number || factor == 0 || *number == 0 || *number > longest / factor) return std::nullopt;
  return seconds{*number * factor};
}

bool is_operators_scope(std::string_view scope) {
  return scope == "admin" || (scope.starts_with(register_scope) && is_slug_text(scope.substr(register_scope.size())));
}

// A key set by a flag.
struct GivenFlag {
  std::string key, value;
  bool given = false;
};

}  // namespace

int Ports::of(std::string_view module) const {
  int found = -1;
  each_field<Ports>([&](const auto& f) {
    if (f.name == module) found = this->*f.member;
  });
  if (found < 0) throw std::logic_error("no port for " + std::string(module));
  return found;
}

std::vector<std::string_view> Settings::opened_ports() const {
  std::vector<std::string_view> opened;
  for (const auto module : module_names)
    if (hosts(module) && opens_port_of(module)) opened.push_back(module);
  if (hosts("gateway")) opened.push_back("operations");
  return opened;
}

const std::string& PerModule::of(std::string_view module) const {
  const std::string* found = nullptr;
  each_field<LinkSettings>([&](const auto& f) {
    if (f.name == module) found = &(this->*f.member);
  });
  if (found == nullptr) throw std::logic_error("no setting for " + std::string(module));
  return *found;
}

const std::string& Settings::link_to(std::string_view service) const {
  static const std::string by_registry = "http";
  return is_linked_module(service) ? link.of(service) : by_registry;
}

resilience::Policy Settings::balance_of(std::string_view service) const {
  const auto route = std::ranges::find(gateway.routes, service, &gateway::ForeignRoute::service);
  return route == gateway.routes.end() ? remote.balance : route->balance;
}

tl::expected<CommandLine, Faults> read_command_line(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment) {
  CommandLine line;
  config::Config config;
  add_keys(config, line.settings);

  CLI::App cli{"An order platform: whole in one process, or cut into services by a flag.", "svc"};
  cli.fallthrough();
  cli.allow_extras();
  cli.require_subcommand(0, 1);
  std::string file, ttl = "1h";
  bool version = false, check_config = false, print_config = false, print_template = false;
  auto* const file_option = cli.add_option("--config", file, "The TOML file to read");
  cli.add_flag("--version", version, "Print the version");
  cli.add_flag("--check-config", check_config, "Check the configuration and exit");
  cli.add_flag("--print-config", print_config, "Print what is in force and where each value came from");
  cli.add_flag("--print-config-template", print_template, "Print a file with every key and its default");
  auto* const openapi = cli.add_subcommand("openapi", "Print the OpenAPI document");
  auto* const asyncapi = cli.add_subcommand("asyncapi", "Print the AsyncAPI document of the events");
  auto* const events = cli.add_subcommand("events", "See to events that could not have their effect");
  events->require_subcommand(1);
  auto* const list = events->add_subcommand("list", "List them, and how the consumers stand");
  auto* const show = events->add_subcommand("show", "Show one, and why it failed");
  auto* const retry = events->add_subcommand("retry", "Try one again, now; those behind it follow if it goes");
  auto* const drop = events->add_subcommand("drop", "Give one up; those behind it go on");
  for (auto* const what : {show, retry, drop}) what->add_option("id", line.events.id, "The event")->required();
  for (auto* const what : {list, show, retry, drop})
    what->add_option("--consumer", line.events.consumer, "The module that consumes it");
  auto* const status = cli.add_subcommand("status", "Print how services, instances and links stand");
  auto* const explain = cli.add_subcommand("explain", "Print what became of an order or a request");
  explain->add_option("id", line.explained, "An order, a request (X-Request-Id) or a trace (32 digits)")->required();
  auto* const token = cli.add_subcommand("token", "Print an access token made with the keys under --data");
  token->add_option("--subject", line.subject, "Whom it names")->required();
  token
      ->add_option("--scope", line.scope,
                   "What it opens: admin; or register:NAME, with which programs register as the service NAME")
      ->required();
  token->add_option("--ttl", ttl, "How long it is good for: 90s, 15m, 1h, 30d");

  std::vector<GivenFlag> flags;
  flags.reserve(config.keys().size());  // options keep pointers into it
  for (const auto& key : config.keys()) {
    auto& flag = flags.emplace_back(GivenFlag{key.name, "", false});
    const auto name = (key.name == "registry_url" ? "--registry," : "") + config::flag_name(key.name);
    if (key.is_flag) cli.add_flag(name, flag.value, key.doc)->each([&flag](const std::string&) { flag.given = true; });
    else cli.add_option(name, flag.value, key.doc)->join(',')->each([&flag](const std::string&) { flag.given = true; });
  }

  try {
    // CLI11 takes them from the back.
    cli.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::help;
    line.text = cli.help();
    return line;
  } catch (const CLI::ParseError& error) {
    config.fault(error.what());
  }
  if (version) {
    line.action = CommandLine::Action::version;
    line.text = std::string("svc ") + SVC_VERSION + "\n";
    return line;
  }
  if (print_template) {
    line.action = CommandLine::Action::print_template;
    line.text = config.print_template();
    return line;
  }

  auto variables = environment;
  std::erase_if(variables, [&](const auto& variable) {
    if (!variable.starts_with("SVC_CONFIG=")) return false;
    if (file_option->count() == 0) file = variable.substr(11);
    return true;
  });
  if (!file.empty()) config.read_file(file);
  else if (std::filesystem::exists(default_file)) config.read_file(default_file);
  config.read_environment(variables);
  for (const auto& flag : flags)
    if (flag.given) config.read_flag(flag.key, flag.value);
  for (const auto& extra : cli.remaining(true)) config.fault("unknown argument " + extra);
  config.check();
  read_role(line.settings, config);
  for (const auto module : linked_names) check_link(module, line.settings, config);
  check_engines(line.settings, config);
  const auto& registry = line.settings.general.registry_url;
  if (!registry.empty() && !http::parse_base_url(registry))
    config.fault("registry_url = " + registry + ": must be a URL such as http://127.0.0.1:3000");
  check_foreign_routes(line.settings, config);
  check_ports(line.settings, config);
  if (token->parsed()) {
    if (line.subject.empty()) config.fault("--subject: must not be empty");
    if (!is_operators_scope(line.scope))
      config.fault("--scope: must be admin, or register:NAME with the name of a service");
    if (const auto time = parse_duration(ttl)) line.time_to_live = *time;
    else config.fault("--ttl: must be a time such as 90s, 15m, 1h or 30d, a year at most");
  }
  if (explain->parsed() && (line.explained.empty() || line.explained.size() > longest_request_id))
    config.fault("explain: an id has 1 to " + std::to_string(longest_request_id) + " characters");
  if (!config.faults().empty()) return tl::unexpected(Faults{config.faults()});

  using What = EventsCommand::What;
  line.events.what = show->parsed()    ? What::show
                     : retry->parsed() ? What::retry
                     : drop->parsed()  ? What::drop
                                       : What::list;
  using Action = CommandLine::Action;
  line.action = check_config         ? Action::check_config
                : print_config       ? Action::print_config
                : openapi->parsed()  ? Action::openapi
                : asyncapi->parsed() ? Action::asyncapi
                : events->parsed()   ? Action::events
                : status->parsed()   ? Action::status
                : explain->parsed()  ? Action::explain
                : token->parsed()    ? Action::token
                                     : Action::serve;
  if (print_config) line.text = config.print();
  return line;
}

}  // namespace svc::app
