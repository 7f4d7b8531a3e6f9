// Operator: a person at a terminal who asks a running system, with the keys under the data directory.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "administration.h"
#include "http/client.h"
#include "http/outside.h"
#include "identity/cluster_key.h"
#include "registry/registry.h"
#include "settings.h"

namespace svc::app {

/// What a subcommand prints. `ok` is false when it could not do its work.
struct Report {
  std::string text;
  bool ok = false;
};

/// Why there is nothing to ask with, if so: the keys of a running system are not there. Made here they would
/// be known to nobody.
std::optional<Report> missing_keys(const Settings& settings);

class Operator {
 public:
  /// `name` is who asks, as logs have it. Throws std::runtime_error when the keys cannot be used.
  Operator(const Settings& settings, std::string name);

  http::Address registry_at() const;
  Reply<registry::ListServices> services();
  /// Where the processes take operators' wishes: as the registry has been told, or, when it has not answered,
  /// where one would be on this machine by default.
  std::set<http::Address> processes(const Result<registry::Directory>& directory) const;
  std::unique_ptr<Administration> administration(const http::Address& process) const;
  Call call() const;

 private:
  http::LinkTo to(const http::Address& address, const std::string& whom) const;

  const Settings& settings_;
  const std::string name_;
  const SystemClock clock_;
  const ClusterKey cluster_;
  mutable http::Client client_;
  std::shared_ptr<const Caller> caller_;
  std::unique_ptr<registry::Registry> registry_;
};

std::string text_of(const http::Address& address);

/// A text that may be a stranger's, so that it does not speak to the terminal: without control characters (ISO 6429).
std::string printable(std::string text);

/// Rows as a table for people; the first is its head.
std::string table(std::vector<std::vector<std::string>> rows);

}  // namespace svc::app
