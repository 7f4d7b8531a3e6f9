#include "status.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "administration.h"
#include "base/integer.h"
#include "http/client.h"
#include "http/outside.h"
#include "identity/cluster_key.h"
#include "links.h"
#include "registry/registry.h"
#include "tokens.h"

namespace svc::app {
namespace {

using Row = std::vector<std::string>;

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string text_of(const http::Address& address) { return address.host + ":" + std::to_string(address.port); }

// Where a process takes operators' wishes, as it has told the registry. Nothing for who is none of ours: it
// would be shown an admin's token.
std::optional<http::Address> operations_of(const registry::Instance& instance) {
  if (!instance.internal) return std::nullopt;
  const auto noted = instance.metadata.find("operations");
  if (noted == instance.metadata.end()) return std::nullopt;
  const auto port = parse_integer<int>(noted->second);
  if (!port || *port < 1 || *port > 65'535) return std::nullopt;
  return http::Address{instance.host, *port};
}

// A kept connection would outlive the loop that it is asked on.
http::ClientOptions keeping_nothing(http::ClientOptions options) {
  options.idle_connections = 0;
  return options;
}

class Reporter {
 public:
  explicit Reporter(const Settings& settings)
      : settings_(settings), cluster_(cluster_key_file(settings), clock_), client_(keeping_nothing(settings.http.client)) {
    auto admin = std::make_shared<Caller>();
    admin->subject = "svc status";
    admin->admin = true;
    admin->token = operator_token(settings, admin->subject, "admin", seconds{60});
    caller_ = admin;
  }

  Task<Report> run() {
    const auto registry_at = registry_address(settings_);
    auto registry = http::Outside<registry::Registry>::connect(to(registry_at, "registry"));
    auto listing = registry->handle(call(), registry::ListServices{});
    const auto directory = co_await listing;
    std::set<http::Address> processes{{"127.0.0.1", settings_.port.operations}};
    if (directory) {
      processes.clear();
      for (const auto& service : directory->services)
        for (const auto& instance : service.instances)
          if (const auto address = operations_of(instance)) processes.insert(*address);
    }
    // All at once: one that is silent keeps nobody waiting for the others.
    struct Asked {
      http::Address process;
      std::unique_ptr<Administration> administration;
      Reply<GetStatus> reply;
    };
    std::vector<Asked> asked;
    for (const auto& process : processes) {
      auto administration = http::Outside<Administration>::connect(to(process, "operations"));
      auto reply = administration->handle(call(), GetStatus{});
      asked.push_back({process, std::move(administration), std::move(reply)});
    }
    for (auto& [process, administration, reply] : asked) {
      auto status = co_await reply;
      if (status) statuses_.emplace(process, std::move(*status));
      else silent_.push_back(text_of(process) + ": " + status.error().detail);
    }
    Report report;
    report.ok = directory || !statuses_.empty();
    if (directory) report.text += instances(*directory);
    else report.text += "The registry at " + text_of(registry_at) + " does not answer.\n";
    report.text += "\n" + links();
    for (const auto& who : silent_) report.text += "No answer from " + who + "\n";
    co_return report;
  }

 private:
  http::LinkTo to(const http::Address& address, const std::string& whom) {
    return {std::make_shared<http::RemoteTransport>(client_, address), &cluster_, "svc", whom};
  }
  Call call() const {
    Call call;
    call.caller = caller_;
    return call.within(seconds{2});
  }

  // Calls to an instance under way, as all processes together see it.
  std::int64_t in_flight(const registry::Instance& instance) const {
    std::int64_t all = 0;
    for (const auto& [process, status] : statuses_)
      for (const auto& link : status.links)
        for (const auto& seen : link.instances)
          if (seen.host == instance.host && seen.port == instance.port) all += seen.in_flight;
    return all;
  }

  std::string instances(const registry::Directory& directory) const {
    std::vector<Row> rows{{"SERVICE", "INSTANCE", "ADDRESS", "VERSION", "LEASE", "PROBE", "IN FLIGHT"}};
    for (const auto& service : directory.services) {
      if (service.instances.empty()) rows.push_back({service.service_name, "none"});
      for (const auto& instance : service.instances)
        rows.push_back({service.service_name, instance.instance_id, text_of({instance.host, instance.port}),
                        instance.version.value_or("-"),
                        std::string(to_name(instance.health.lease)) + ", " +
                            std::to_string(instance.lease_remaining_seconds) + " s left",
                        std::string(to_name(instance.health.probe)), std::to_string(in_flight(instance))});
    }
    return table(rows) + (directory.preserving ? "Leases lapse in numbers: nobody is struck off.\n" : "");
  }

  std::string links() const {
    std::vector<Row> rows{{"PROCESS", "ROLE", "LINK TO", "VIA", "INSTANCE", "STANDING", "IN FLIGHT", "BREAKERS"}};
    for (const auto& [process, status] : statuses_)
      for (const auto& link : status.links) {
        const Row begin{text_of(process), status.role, link.module, link.via};
        if (link.via == "local" || link.instances.empty()) {
          rows.push_back(begin);
          continue;
        }
        for (const auto& instance : link.instances) {
          auto row = begin;
          row.push_back(text_of({instance.host, instance.port}));
          row.emplace_back(to_name(instance.standing));
          row.push_back(std::to_string(instance.in_flight));
          row.push_back(breakers(instance));
          rows.push_back(std::move(row));
        }
      }
    return table(rows);
  }

  static std::string breakers(const InstanceTold& instance) {
    std::string open;
    for (const auto& breaker : instance.breakers)
      if (breaker.state != resilience::BreakerState::closed)
        open += (open.empty() ? "" : ", ") + breaker.operation + " " + std::string(to_name(breaker.state));
    return open.empty() ? "closed" : open;
  }

  const Settings& settings_;
  const SystemClock clock_;
  const ClusterKey cluster_;
  http::Client client_;
  std::shared_ptr<const Caller> caller_;
  std::map<http::Address, ProcessStatus> statuses_;
  std::vector<std::string> silent_;
};

}  // namespace

Report status_report(const Settings& settings) {
  // Made here they would be known to nobody.
  if (const auto key = cluster_key_file(settings); !std::filesystem::exists(key))
    return {
        "There are no keys of a running system: " + key.string() + " does not exist (--data tells where).\n",
        false};
  Reporter reporter(settings);
  return run_here([&] { return reporter.run(); });
}

}  // namespace svc::app
