// Links: how this process reaches each module: in itself, at a URL, or by the registry.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "hosting.h"
#include "http/client.h"
#include "http/outside.h"
#include "http/remote_service.h"
#include "identity/cluster_key.h"
#include "settings.h"

namespace svc::app {

/// Where the registry is, for those who do not host it.
http::Address registry_address(const Settings& settings);

class Links {
 public:
  /// What it refers to must outlive it.
  Links(const Settings& settings, http::Client& client, const ClusterKey& cluster);

  /// A link to S for `asker`; `hosted` is null where S is not hosted here. What was hosted, and this, must outlive
  /// the link.
  template <class S>
  std::unique_ptr<S> to(Hosted<S>* hosted, const std::string& asker) {
    return to_part(std::string(S::name), hosted, hosted == nullptr ? nullptr : &hosted->service(), asker);
  }
  /// The same to something that `module` offers beside its own service.
  template <class S>
  std::unique_ptr<S> to_part(const std::string& module, const Module* hosted, S* part, const std::string& asker) {
    auto elsewhere = http::Outside<S>::connect({remote(module), &cluster_, asker, module});
    if (hosted == nullptr) return elsewhere;
    const auto& link = settings_.link_to(module);
    if (link == "local") return http::Outside<S>::enter(*part);
    if (link != "auto") return elsewhere;
    return std::make_unique<Stub<S, AutoLink<S>>>(
        AutoLink<S>{http::Outside<S>::enter(*part), std::move(elsewhere), &host(module, *hosted)});
  }

  /// Notes that a module whose link is `auto` is hosted here. The same answer each time.
  Hosting& host(const std::string& name, const Module& module);
  /// The same; null for others.
  Hosting* hosting(std::string_view name) const;
  /// The module as other processes serve it. Made when it is first asked for. Until the registry has told of an
  /// instance it is looked for where it would be on this machine by default.
  std::shared_ptr<http::RemoteService> remote(const std::string& name);

  using Remotes = std::map<std::string, std::shared_ptr<http::RemoteService>, std::less<>>;
  /// All that have been asked for.
  const Remotes& remotes() const { return remotes_; }
  /// Those whose instances the registry is to be asked for.
  Remotes by_registry() const;
  /// "local", a URL, or "registry".
  std::string via(std::string_view name) const;
  /// For people: the same, with how many instances there are.
  std::map<std::string, std::string> told() const;

 private:
  const Settings& settings_;
  http::Client& client_;
  const ClusterKey& cluster_;
  Remotes remotes_;
  std::map<std::string, std::unique_ptr<Hosting>, std::less<>> hostings_;
};

}  // namespace svc::app
