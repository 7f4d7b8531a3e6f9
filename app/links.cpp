#include "links.h"

namespace svc::app {
namespace {

const std::string by_default = "default port";  // the id of an instance that nobody has told of

}  // namespace

http::Address registry_address(const Settings& settings) {
  return http::parse_base_url(settings.general.registry_url)
      .value_or(http::Address{"127.0.0.1", settings.port.registry});
}

Links::Links(const Settings& settings, http::Client& client, const ClusterKey& cluster)
    : settings_(settings), client_(client), cluster_(cluster) {}

Hosting& Links::host(const std::string& name, const Module& module) {
  auto& hosting = hostings_[name];
  if (!hosting) hosting = std::make_unique<Hosting>(module, *remote(name));
  return *hosting;
}

Hosting* Links::hosting(std::string_view name) const {
  const auto found = hostings_.find(name);
  return found == hostings_.end() ? nullptr : found->second.get();
}

std::shared_ptr<http::RemoteService> Links::remote(const std::string& name) {
  auto& remote = remotes_[name];
  if (!remote) {
    auto options = settings_.remote;
    options.balance = settings_.balance_of(name);
    remote = std::make_shared<http::RemoteService>(client_, name, options);
    if (const auto url = http::parse_base_url(settings_.link_to(name))) remote->set_instances({{"url", *url}});
    else if (is_linked_module(name) && !settings_.hosts(name))
      remote->set_instances({{by_default, {"127.0.0.1", settings_.port.of(name)}}});
  }
  return remote;
}

Links::Remotes Links::by_registry() const {
  Remotes found;
  for (const auto& [name, remote] : remotes_)
    if (!http::parse_base_url(settings_.link_to(name))) found.emplace(name, remote);
  return found;
}

std::string Links::via(std::string_view name) const {
  const auto& link = settings_.link_to(name);
  if (http::parse_base_url(link)) return link;
  if (link == "local" || (hosting(name) != nullptr && hosting(name)->is_here())) return "local";
  return "registry";
}

std::map<std::string, std::string> Links::told() const {
  std::map<std::string, std::string> told;
  for (const auto& [name, remote] : remotes_) {
    auto& text = told[name] = via(name);
    if (text != "registry") continue;
    const auto instances = remote->status(Steady::now()).instances;
    if (instances.size() == 1 && instances[0].instance.id == by_default)
      text = "http://127.0.0.1:" + std::to_string(instances[0].instance.address.port) + " until it registers";
    else text = std::to_string(instances.size()) + (instances.size() == 1 ? " instance" : " instances");
  }
  return told;
}

}  // namespace svc::app
