#include "prober.h"

#include <algorithm>

#include "async/event.h"

namespace svc::registry {
namespace {

// Whether an instance is well is in the status. It may send what it likes; this much is read.
constexpr std::int64_t answer_limit = 64 * 1024;

Probe verdict(int status) {
  if (status >= 200 && status < 300) return Probe::up;
  if (status == 404 || status == 405 || status == 501) return Probe::unknown;
  return Probe::down;
}

}  // namespace

// Lives as long as who waits or who resolves: a resolver may take longer than anybody waits.
struct Prober::Resolving {
  Event done;
  std::vector<std::string> addresses;
};

Prober::Prober(LeaseTable& table, const http::HostRules& hosts, const Clock& clock, const Config& config)
    : table_(table),
      hosts_(hosts),
      clock_(clock),
      timeout_(config.probe_timeout_ms),
      at_once_(static_cast<std::size_t>(config.probes_at_once)),
      client_({.connect_timeout_ms = config.probe_timeout_ms, .idle_connections = 0, .answer_limit = answer_limit}) {}

Task<Result<Nothing>> Prober::round() {
  const auto targets = table_.targets(clock_.now());
  std::size_t next = 0;
  std::vector<Task<>> workers;
  for (std::size_t i = 0; i < std::min(at_once_, targets.size()); ++i) workers.push_back(work(targets, next));
  for (auto& worker : workers) co_await worker;
  co_return Nothing{};
}

Task<> Prober::work(const std::vector<LeaseTable::Target>& targets, std::size_t& next) {
  while (next < targets.size() && !ending_) {
    const auto& target = targets[next++];
    auto probing = probe(target);
    const auto seen = co_await probing;
    table_.saw(target.instance_id, seen, clock_.now());
  }
}

Task<Probe> Prober::probe(LeaseTable::Target target) {
  const auto limit = Steady::now() + timeout_;
  auto resolving = resolve(target.host, limit);
  const auto addresses = co_await resolving;
  // Judged and asked are the same addresses: a name may lead elsewhere when it is looked up again.
  for (const auto& address : addresses)
    if (hosts_.refuses(address)) co_return Probe::refused;
  for (const auto& address : addresses) {
    http::Outgoing request{"GET", "/health/ready", {{"Connection", "close"}}, {}, false};
    auto asking =
        client_.send({address, target.port}, std::make_shared<const http::Outgoing>(std::move(request)), limit);
    const auto response = co_await asking;
    if (response) co_return verdict(response->status);
  }
  co_return Probe::down;
}

Task<std::vector<std::string>> Prober::resolve(std::string host, Steady::time_point limit) {
  auto resolving = std::make_shared<Resolving>();
  detach(resolve_into(resolving, std::move(host)));
  auto waiting = resolving->done.wait_until(limit);
  co_await waiting;
  co_return resolving->addresses;
}

Task<> Prober::resolve_into(std::shared_ptr<Resolving> resolving, std::string host) {
  auto looking_up = client_.resolve(std::move(host));
  auto addresses = co_await looking_up;
  if (addresses) resolving->addresses = std::move(*addresses);
  resolving->done.happen();
}

}  // namespace svc::registry
