// Module: what app knows of every module it hosts.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/clock.h"
#include "base/ids.h"
#include "contract/endpoint.h"
#include "http/identify.h"
#include "http/router.h"

namespace svc {

struct EventFeed;
class Measures;
struct ParkedEvents;
namespace events {
struct Setup;
}

/// What a process gives to the modules it hosts. Everything outlives them.
struct Environment {
  Loops& loops;
  const Clock& clock;
  Ids& ids;
  std::string instance;         ///< names this process among those that share data; new at each start
  std::filesystem::path data;   ///< the data directory
  const events::Setup& events;  ///< how events travel (events/carrier.h)
};

class Module {
 public:
  virtual ~Module() = default;
  /// Starts what goes on in the background. Called once, when every link is in place.
  virtual void start() {}
  /// The process is about to stop: what waits for things to happen is to wait no longer. Requests are still served.
  virtual void stopping() {}
  /// Ends it. Requests are no longer served then; links still work.
  virtual void stop() {}
  /// What has happened in it, for others to hear of; null: it tells nobody. Lives as long as the module.
  virtual EventFeed* feed() { return nullptr; }
  /// What it has heard of in vain; null: it hears of nothing. Lives as long as the module.
  virtual ParkedEvents* parked() { return nullptr; }
  /// Adds what there is to measure of it now. From any thread, between start() and stop().
  virtual void measure(Measures&) const {}
  /// Why the module cannot do its work, if so. Of its own things only: links are told apart.
  virtual std::optional<std::string> trouble() const = 0;
};

/// A module and the service it implements.
template <class S>
class Hosted : public Module {
 public:
  virtual S& service() = 0;
};

}  // namespace svc
