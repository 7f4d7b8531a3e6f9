// LeaseTable: the instances that are registered, in memory, under leases. After a restart it is empty and
// fills again as instances renew.
//
// When many leases lapse within one beat it is more likely the network that died than they. So what lapsed is
// remembered for a beat; when it comes to over half of all, it is put back and nobody is struck off
// (`preserving`) until half of all renew again, and the others then have one more beat; or until
// preserve_seconds have passed, and the others are gone.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/bell.h"
#include "base/clock.h"
#include "base/ids.h"
#include "change_log.h"
#include "registry/module.h"
#include "registry/registry.h"
#include "resilience/balancer.h"

namespace svc::registry {

/// Who registered an instance: a service of this system, or the subject of a token. Others cannot take it over.
struct Owner {
  std::optional<std::string> subject;  ///< nothing: a service of this system
  bool operator==(const Owner&) const = default;
};

/// Thread-safe. Every function first strikes off what has lapsed by `now`.
class LeaseTable {
 public:
  /// `changed` rings at every change. What it refers to must outlive it.
  LeaseTable(const Config& config, Ids& ids, Bell& changed);

  Result<Granted> put(const Register& wish, const Owner& owner, Time now);
  Result<Nothing> renew(const Renew& wish, const Owner& owner, Time now);
  Result<Nothing> remove(const Deregister& wish, const Owner& owner, Time now);

  Result<Instance> discover(const Discover& wish, Time now);
  Directory list(Time now);
  Result<Listed> list(const std::string& service, Time now);
  /// What a watcher is to be told; has neither changes nor a reset in it when there is nothing yet.
  Watched news(const Watch& wish, Time now);
  void sweep(Time now);

  /// What the prober asks, and what it saw.
  struct Target {
    std::string instance_id, host;
    int port = 0;
  };
  std::vector<Target> targets(Time now);
  void saw(const std::string& instance_id, Probe probe, Time now);

 private:
  struct Leased {
    Instance instance;
    std::string place;  // host and port
    Owner owner;
    Time expires;
    std::uint64_t picked = 0;
  };
  struct Seen {
    std::map<std::string, std::string> ids;            // by place
    std::map<Policy, resilience::Balancer> balancers;  // of the policies asked for so far
  };
  struct Struck {
    Time when;
    Leased leased;
  };
  class Turn;

  Leased* find(const std::string& service, const std::string& instance_id);
  Result<Nothing> check_room(const Owner& owner) const;
  Leased& insert(Leased leased);
  Leased take(const std::string& instance_id);
  void extend(Leased& leased, milliseconds time, Time now);
  void touch(const Leased& leased) { log_.add({leased.instance.service_name, leased.instance.instance_id}); }
  Instance shown(const Leased& leased, Time now) const;
  Listed shown(const std::string& service, const Seen& seen, Time now) const;
  std::vector<Leased*> eligible(const Seen& seen, bool also_down);

  void strike_lapsed(Time now);
  void preserve(Time now);
  void end_preserving_if_enough_renew(Time now);
  void give_up_preserving();

  const Config config_;
  const milliseconds beat_;
  Ids& ids_;
  Bell& changed_;
  const std::string epoch_;

  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Leased> leases_;
  std::map<std::string, Seen> services_;
  std::set<std::pair<Time, std::string>> ends_;  // of the leases that are live
  std::deque<Struck> struck_;                    // within the last beat
  bool preserving_ = false;
  Time preserving_since_{};
  std::uint64_t picks_ = 0;
  ChangeLog log_;
};

}  // namespace svc::registry
