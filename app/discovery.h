// Discovery: keeps what this process knows of instances fresh, by the registry's watch. What was heard last holds
// while the registry cannot be asked, and for a lease's time after it has come back empty: that it was restarted
// says nothing of the instances it knew.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/background.h"
#include "http/remote_service.h"
#include "registry/registry.h"

namespace svc::app {

/// The instances of one service, by id, as far as the registry has told.
class KnownInstances {
 public:
  void put(const registry::Instance& instance);
  void remove(const std::string& id);
  /// The registry told anew which there are. `same_run`: others are gone. Otherwise it has forgotten them, and they
  /// are kept until their leases would have ended.
  void reset(const std::vector<registry::Instance>& instances, bool same_run, Steady::time_point now);
  /// Strikes off what was kept long enough. True when there was any.
  bool forget(Steady::time_point now);
  bool keeps_any() const;

  /// Where calls may be sent: those that are up as the registry sees them, or, when it sees none so, all that may be
  /// asked at all, since it may be the registry that cannot see.
  std::vector<http::Instance> usable() const;

 private:
  struct Known {
    registry::Instance instance;
    std::optional<Steady::time_point> kept_until{};  ///< the registry has forgotten it
  };
  std::map<std::string, Known> known_;
};

class Discovery {
 public:
  using Hear = std::function<void(const std::vector<http::Instance>&)>;
  /// `registry` must outlive it.
  explicit Discovery(registry::Registry& registry) : registry_(registry) {}

  /// Whose word is taken for it that an instance serves a service.
  enum class Trust { system, anyone };
  /// `hear` is told who serves `service`, on the loop, whenever that has changed. Before start().
  void follow(std::string service, Trust trust, Hear hear);
  void start(Loop& loop) { background_.start(loop); }
  /// Returns when it has ended; whoever stops it ends the question that is under way (Client::hang_up). Not from a
  /// loop's thread.
  void stop() { background_.stop(); }

 private:
  struct Followed {
    Hear hear;
    Trust trust = Trust::system;
    bool believes(const registry::Instance& instance) const { return trust == Trust::anyone || instance.internal; }
    KnownInstances instances;
    std::vector<http::Instance> told;
  };
  Task<> run();
  void take(const registry::Watched& news);
  void tell();

  registry::Registry& registry_;
  std::map<std::string, Followed, std::less<>> followed_;
  std::optional<std::string> epoch_;
  std::optional<std::int64_t> revision_;
  Background background_{[this] { return run(); }};
};

}  // namespace svc::app
