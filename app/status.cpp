#include "status.h"

#include <map>
#include <vector>

namespace svc::app {
namespace {

using Row = std::vector<std::string>;

class Reporter {
 public:
  explicit Reporter(const Settings& settings) : operator_(settings, "svc status") {}

  Task<Report> run() {
    auto listing = operator_.services();
    const auto directory = co_await listing;
    // All at once: one that is silent keeps nobody waiting for the others.
    struct Asked {
      http::Address process;
      std::unique_ptr<Administration> administration;
      Reply<GetStatus> reply;
    };
    std::vector<Asked> asked;
    for (const auto& process : operator_.processes(directory)) {
      auto administration = operator_.administration(process);
      auto reply = administration->handle(operator_.call(), GetStatus{});
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
    else report.text += "The registry at " + text_of(operator_.registry_at()) + " does not answer.\n";
    report.text += "\n" + links();
    for (const auto& who : silent_) report.text += "No answer from " + who + "\n";
    co_return report;
  }

 private:
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

  Operator operator_;
  std::map<http::Address, ProcessStatus> statuses_;
  std::vector<std::string> silent_;
};

}  // namespace

Report status_report(const Settings& settings) {
  if (auto missing = missing_keys(settings)) return std::move(*missing);
  Reporter reporter(settings);
  return run_here([&] { return reporter.run(); });
}

}  // namespace svc::app
