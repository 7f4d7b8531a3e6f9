#include "lease_table.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/ascii.h"
#include "observe/log.h"

namespace svc::registry {
namespace {

// Names have no case (RFC 4343), and an IPv6 address has many spellings (RFC 5952): one place however it is told.
std::string place_of(std::string host, int port) {
  host = to_lower(std::move(host));
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) == 1 &&
      ::inet_ntop(AF_INET6, &address, text.data(), text.size()) != nullptr)
    host = text.data();
  return host + ":" + std::to_string(port);
}

tl::unexpected<Error> of_another() {
  return fail(Code::forbidden, "registered_by_another", "Somebody else registered this instance");
}

void log_gone(const Instance& instance, std::string_view why) {
  log::info("instance_gone", {{"service", instance.service_name},
                              {"instance", instance.instance_id},
                              {"host", instance.host},
                              {"port", instance.port},
                              {"why", why}});
}

}  // namespace

/// One use of the table: alone, with what lapsed struck off, and heard of by those who watch if it changed anything.
class LeaseTable::Turn {
 public:
  Turn(LeaseTable& table, Time now) : table_(table), lock_(table.mutex_), before_(table.log_.revision()) {
    table.strike_lapsed(now);
  }
  ~Turn() {
    const bool changed = table_.log_.revision() != before_;
    lock_.unlock();
    if (changed) table_.changed_.ring();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  LeaseTable& table_;
  std::unique_lock<std::mutex> lock_;
  const std::int64_t before_;
};

LeaseTable::LeaseTable(const Config& config, Ids& ids, Bell& changed)
    : config_(config),
      beat_(config.beat_ms),
      ids_(ids),
      changed_(changed),
      epoch_(ids.next()),
      log_(static_cast<std::size_t>(config.changes_kept)) {}

LeaseTable::Leased* LeaseTable::find(const std::string& service, const std::string& instance_id) {
  const auto found = leases_.find(instance_id);
  return found == leases_.end() || found->second.instance.service_name != service ? nullptr : &found->second;
}

Result<Nothing> LeaseTable::check_room(const Owner& owner) const {
  const auto limit = [](std::size_t count, std::int64_t most) { return static_cast<std::int64_t>(count) >= most; };
  if (limit(leases_.size(), config_.instances))
    return fail(Code::exhausted, "too_many_instances",
                "There are " + std::to_string(config_.instances) + " instances already");
  if (!owner.subject) return Nothing{};
  const auto own = std::ranges::count_if(leases_, [&](const auto& entry) { return entry.second.owner == owner; });
  if (limit(static_cast<std::size_t>(own), config_.instances_per_token))
    return fail(Code::exhausted, "too_many_instances_of_token",
                "This token's subject has " + std::to_string(config_.instances_per_token) + " instances already");
  return Nothing{};
}

// Makes a lease live, for `time`.
void LeaseTable::extend(Leased& leased, milliseconds time, Time now) {
  auto& id = leased.instance.instance_id;
  ends_.erase({leased.expires, id});
  leased.expires = now + time;
  ends_.emplace(leased.expires, id);
  if (std::exchange(leased.instance.health.lease, Lease::live) != Lease::live) touch(leased);
}

LeaseTable::Leased& LeaseTable::insert(Leased leased) {
  const std::string id = leased.instance.instance_id;
  services_[leased.instance.service_name].ids[leased.place] = id;
  auto& inserted = leases_.insert_or_assign(id, std::move(leased)).first->second;
  touch(inserted);
  return inserted;
}

LeaseTable::Leased LeaseTable::take(const std::string& instance_id) {
  auto taken = std::move(leases_.extract(instance_id).mapped());
  ends_.erase({taken.expires, instance_id});
  services_[taken.instance.service_name].ids.erase(taken.place);
  touch(taken);
  return taken;
}

Result<Granted> LeaseTable::put(const Register& wish, const Owner& owner, Time now) {
  const Turn turn(*this, now);
  const auto place = place_of(wish.host, wish.port);
  Instance instance{"", wish.service_name, wish.host, wish.port, wish.version, wish.weight, wish.metadata, {}, 0,
                    0,  !owner.subject};
  instance.lease_seconds = wish.ttl_seconds.value_or(config_.lease_seconds);
  const seconds time{instance.lease_seconds};

  const auto service = services_.find(wish.service_name);
  if (service != services_.end()) {
    if (const auto known = service->second.ids.find(place); known != service->second.ids.end()) {
      auto& leased = leases_.at(known->second);
      if (leased.owner != owner) return of_another();
      instance.instance_id = known->second;
      instance.health = leased.instance.health;
      if (instance != leased.instance) {
        leased.instance = std::move(instance);
        touch(leased);
      }
      extend(leased, time, now);
      end_preserving_if_enough_renew(now);
      return Granted{leased.instance.instance_id, leased.instance.lease_seconds};
    }
  }
  if (auto room = check_room(owner); !room) return refusal(room);
  // Names that nobody serves any more are forgotten before they become too many.
  if (services_.size() >= static_cast<std::size_t>(config_.instances))
    std::erase_if(services_, [](const auto& entry) { return entry.second.ids.empty(); });
  // It has come back: so it is not among those that the network may have taken.
  std::erase_if(struck_, [&](const Struck& struck) {
    return struck.leased.place == place && struck.leased.instance.service_name == wish.service_name;
  });
  instance.instance_id = ids_.next();
  auto& leased = insert({std::move(instance), place, owner, now, 0});
  extend(leased, time, now);
  end_preserving_if_enough_renew(now);
  log::info("instance_registered", {{"service", wish.service_name},
                                    {"instance", leased.instance.instance_id},
                                    {"host", wish.host},
                                    {"port", wish.port}});
  return Granted{leased.instance.instance_id, leased.instance.lease_seconds};
}

Result<Nothing> LeaseTable::renew(const Renew& wish, const Owner& owner, Time now) {
  const Turn turn(*this, now);
  auto* const leased = find(wish.service_name, wish.instance_id);
  if (leased == nullptr) return fail(Code::not_found, "not_found", "There is no such lease: register again");
  if (leased->owner != owner) return of_another();
  extend(*leased, seconds{leased->instance.lease_seconds}, now);
  end_preserving_if_enough_renew(now);
  return Nothing{};
}

Result<Nothing> LeaseTable::remove(const Deregister& wish, const Owner& owner, Time now) {
  const Turn turn(*this, now);
  const auto* const leased = find(wish.service_name, wish.instance_id);
  if (leased == nullptr) return Nothing{};
  if (leased->owner != owner) return of_another();
  log_gone(take(wish.instance_id).instance, "deregistered");
  end_preserving_if_enough_renew(now);
  return Nothing{};
}

Instance LeaseTable::shown(const Leased& leased, Time now) const {
  Instance instance = leased.instance;
  const auto left = std::chrono::ceil<seconds>(leased.expires - now).count();
  instance.lease_remaining_seconds = std::max<std::int64_t>(left, 0);
  return instance;
}

Listed LeaseTable::shown(const std::string& service, const Seen& seen, Time now) const {
  Listed listed{service, {}};
  for (const auto& [place, id] : seen.ids) listed.instances.push_back(shown(leases_.at(id), now));
  return listed;
}

std::vector<LeaseTable::Leased*> LeaseTable::eligible(const Seen& seen, bool also_down) {
  std::vector<Leased*> found;
  for (const auto& [place, id] : seen.ids) {
    auto& leased = leases_.at(id);
    const auto probe = leased.instance.health.probe;
    if (probe != Probe::refused && (also_down || probe != Probe::down)) found.push_back(&leased);
  }
  // A token may name any service, but not dilute one of this system's own.
  const auto is_internal = [](const Leased* leased) { return leased->instance.internal; };
  if (std::ranges::any_of(found, is_internal)) std::erase_if(found, std::not_fn(is_internal));
  return found;
}

Result<Instance> LeaseTable::discover(const Discover& wish, Time now) {
  const Turn turn(*this, now);
  const auto service = services_.find(wish.service_name);
  if (service == services_.end()) return fail(Code::not_found, "not_found", "Nobody has registered as this service");
  auto& seen = service->second;
  // When all of them seem to be down, it may be the prober that cannot see.
  auto leased = eligible(seen, false);
  if (leased.empty()) leased = eligible(seen, true);
  if (leased.empty()) return fail(Code::unavailable, "no_instance", "No instance of this service is there now");
  // What is under way at an instance only its callers know; who was picked longest ago stands for who has least to do.
  std::vector<resilience::Candidate> candidates;
  for (const auto* entry : leased)
    candidates.push_back({entry->place, entry->instance.weight, static_cast<std::int64_t>(entry->picked)});
  auto& balancer = seen.balancers.try_emplace(wish.policy, wish.policy).first->second;
  auto& picked = *leased[*balancer.choose(candidates, wish.key.value_or(""), random_bits())];
  picked.picked = ++picks_;
  return shown(picked, now);
}

Directory LeaseTable::list(Time now) {
  const Turn turn(*this, now);
  Directory directory{epoch_, log_.revision(), preserving_, {}};
  for (const auto& [name, seen] : services_) directory.services.push_back(shown(name, seen, now));
  return directory;
}

Result<Listed> LeaseTable::list(const std::string& service, Time now) {
  const Turn turn(*this, now);
  const auto found = services_.find(service);
  if (found == services_.end()) return fail(Code::not_found, "not_found", "Nobody has registered as this service");
  return shown(service, found->second, now);
}

Watched LeaseTable::news(const Watch& wish, Time now) {
  const Turn turn(*this, now);
  Watched watched{epoch_, log_.revision(), {}, {}, {}};
  const auto touched = wish.epoch == epoch_ && wish.since ? log_.after(*wish.since) : std::nullopt;
  if (!touched) {
    watched.reset = true;
    auto& services = watched.services.emplace();
    for (const auto& [name, seen] : services_) services.push_back(shown(name, seen, now));
    return watched;
  }
  if (touched->empty()) return watched;
  auto& changes = watched.changes.emplace();
  for (const auto& [service, id] : *touched) {
    const auto* const leased = find(service, id);
    changes.push_back({leased != nullptr ? ChangeKind::put : ChangeKind::removed, service, id,
                       leased != nullptr ? std::optional(shown(*leased, now)) : std::nullopt});
  }
  return watched;
}

void LeaseTable::sweep(Time now) { const Turn turn(*this, now); }

std::vector<LeaseTable::Target> LeaseTable::targets(Time now) {
  const Turn turn(*this, now);
  std::vector<Target> targets;
  for (const auto& [id, leased] : leases_) targets.push_back({id, leased.instance.host, leased.instance.port});
  return targets;
}

void LeaseTable::saw(const std::string& instance_id, Probe probe, Time now) {
  const Turn turn(*this, now);
  const auto found = leases_.find(instance_id);
  if (found == leases_.end()) return;
  auto& health = found->second.instance.health;
  health.probed_at = now;
  if (std::exchange(health.probe, probe) == probe) return;
  touch(found->second);
  log::info("instance_probed",
            {{"service", found->second.instance.service_name}, {"instance", instance_id}, {"probe", to_name(probe)}});
}

void LeaseTable::strike_lapsed(Time now) {
  if (preserving_ && now - preserving_since_ >= seconds{config_.preserve_seconds}) give_up_preserving();
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const auto [when, id] = *ends_.begin();
    if (preserving_) {
      ends_.erase(ends_.begin());
      auto& leased = leases_.at(id);
      leased.instance.health.lease = Lease::lapsed;
      touch(leased);
      continue;
    }
    while (!struck_.empty() && struck_.front().when <= when - beat_) struck_.pop_front();
    struck_.push_back({when, take(id)});
    log_gone(struck_.back().leased.instance, "lapsed");
    const auto all = leases_.size() + struck_.size();
    if (static_cast<std::int64_t>(all) >= config_.preserve_from && 2 * struck_.size() > all) preserve(now);
  }
}

void LeaseTable::preserve(Time now) {
  preserving_ = true;
  preserving_since_ = now;
  log::warn("leases_preserved", {{"lapsed", static_cast<std::int64_t>(struck_.size())},
                                 {"of", static_cast<std::int64_t>(leases_.size() + struck_.size())}});
  for (auto& struck : struck_) {
    struck.leased.instance.health.lease = Lease::lapsed;
    insert(std::move(struck.leased));
  }
  struck_.clear();
}

void LeaseTable::end_preserving_if_enough_renew(Time now) {
  const auto lapsed = leases_.size() - ends_.size();
  const bool enough = 2 * lapsed <= leases_.size() || static_cast<std::int64_t>(leases_.size()) < config_.preserve_from;
  if (!preserving_ || !enough) return;
  preserving_ = false;
  log::info("leases_preserved_no_more", {{"lapsed", static_cast<std::int64_t>(lapsed)}});
  for (auto& [id, leased] : leases_)
    if (leased.instance.health.lease == Lease::lapsed) extend(leased, beat_, now);
}

// Networks come back; who has been silent for so long does not.
void LeaseTable::give_up_preserving() {
  preserving_ = false;
  std::vector<std::string> lapsed;
  for (const auto& [id, leased] : leases_)
    if (leased.instance.health.lease == Lease::lapsed) lapsed.push_back(id);
  for (const auto& id : lapsed) log_gone(take(id).instance, "lapsed");
  log::info("leases_preserved_no_more", {{"struck_off", static_cast<std::int64_t>(lapsed.size())}});
}

}  // namespace svc::registry
