#include "discovery.h"

#include <algorithm>

#include "base/ids.h"
#include "observe/log.h"
#include "resilience/backoff.h"

namespace svc::app {

void KnownInstances::put(const registry::Instance& instance) {
  // One that was kept has registered again, under another id perhaps.
  std::erase_if(known_, [&](const auto& entry) {
    const auto& [id, known] = entry;
    return known.kept_until && known.instance.host == instance.host && known.instance.port == instance.port;
  });
  known_[instance.instance_id] = {instance};
}

void KnownInstances::remove(const std::string& id) { known_.erase(id); }

void KnownInstances::reset(const std::vector<registry::Instance>& instances, bool same_run, Steady::time_point now) {
  if (same_run) known_.clear();
  for (auto& [id, known] : known_)
    if (!known.kept_until) known.kept_until = now + seconds{known.instance.lease_seconds};
  for (const auto& instance : instances) put(instance);
}

bool KnownInstances::forget(Steady::time_point now) {
  return std::erase_if(known_, [&](const auto& entry) {
           const auto& until = entry.second.kept_until;
           return until && *until <= now;
         }) > 0;
}

bool KnownInstances::keeps_any() const {
  return std::ranges::any_of(known_, [](const auto& entry) { return entry.second.kept_until.has_value(); });
}

std::vector<http::Instance> KnownInstances::usable() const {
  using registry::Probe;
  std::vector<http::Instance> up, all;
  for (const auto& [id, known] : known_) {
    const auto& instance = known.instance;
    if (instance.health.probe == Probe::refused) continue;
    all.push_back({id, {instance.host, instance.port}, instance.weight});
    if (instance.health.probe != Probe::down) up.push_back(all.back());
  }
  return up.empty() ? all : up;
}

void Discovery::follow(std::string service, Trust trust, Hear hear) {
  auto& followed = followed_[std::move(service)];
  followed.trust = trust;
  followed.hear = std::move(hear);
}

Task<> Discovery::run() {
  constexpr resilience::BackoffOptions pauses{.first_ms = 100, .limit_ms = 2'000};
  std::int64_t failures = 0;
  while (!background_.stopping()) {
    const bool keeping =
        std::ranges::any_of(followed_, [](const auto& entry) { return entry.second.instances.keeps_any(); });
    const int patience = keeping ? 1 : 30;
    const auto asked = Steady::now();
    const Call call = Call{}.within(seconds{patience + 5});
    auto watching = registry_.handle(call, registry::Watch{epoch_, revision_, patience});
    const auto news = co_await watching;
    if (news) {
      if (failures > 0) log::info("registry_found");
      failures = 0;
      take(*news);
    } else if (!background_.stopping()) {
      if (++failures == 1) log::warn("registry_lost", {{"reason", news.error().reason}});
    }
    tell();
    const bool is_empty = news && !news->reset && (!news->changes || news->changes->empty());
    const bool hurried = is_empty && Steady::now() - asked < milliseconds{900};
    if (failures == 0 && !hurried) continue;
    // A registry that stops, too, answers at once and has nothing to tell.
    const auto pause = resilience::pause_before(pauses, std::max<std::int64_t>(failures, 1), random_unit());
    auto pausing = background_.pause_until(Steady::now() + std::max<Steady::duration>(pause, milliseconds{10}));
    co_await pausing;
  }
}

void Discovery::take(const registry::Watched& news) {
  if (news.reset) {
    const bool same_run = epoch_ == news.epoch;
    for (auto& [name, followed] : followed_) {
      const auto listed = std::ranges::find(*news.services, name, &registry::Listed::service_name);
      auto instances = listed != news.services->end() ? listed->instances : std::vector<registry::Instance>{};
      std::erase_if(instances, [&](const auto& instance) { return !followed.believes(instance); });
      followed.instances.reset(instances, same_run, Steady::now());
    }
  } else if (news.changes) {
    for (const auto& change : *news.changes) {
      const auto followed = followed_.find(change.service_name);
      if (followed == followed_.end()) continue;
      if (change.instance && followed->second.believes(*change.instance))
        followed->second.instances.put(*change.instance);
      else followed->second.instances.remove(change.instance_id);
    }
  }
  epoch_ = news.epoch;
  revision_ = news.revision;
}

void Discovery::tell() {
  for (auto& [name, followed] : followed_) {
    followed.instances.forget(Steady::now());
    auto usable = followed.instances.usable();
    if (usable == followed.told) continue;
    followed.told = usable;
    followed.hear(usable);
  }
}

}  // namespace svc::app
