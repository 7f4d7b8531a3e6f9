// Server::Shared: what the connections of one server share. Internal to core/http.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "http/server.h"

namespace svc::http {

class Connection;

/// Connections hold it, so it outlives the server when one of them is slow to end.
struct Server::Shared {
  Handler handler;
  ServerOptions options;
  const TlsContext* tls = nullptr;
  SystemClock clock;
  Uuid7 ids{clock};
  std::atomic<bool> leaving{false};  // no connection is kept any more
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> being_answered{0};
  std::vector<std::unordered_set<Connection*>> by_loop;  // each set is touched by its own loop only

  std::mutex mutex;  // guards what follows
  std::condition_variable fewer;
  std::int64_t open = 0;
  std::int64_t most = 0;                                        // open at once, since memory was last given back
  std::map<std::string, std::int64_t, std::less<>> by_address;  // counted only while there is a limit

  /// Counts a connection in; false when its address has too many, which are counted all the same.
  bool count_in(const std::string& peer);
  void count_out(const std::string& peer);
  bool full();
};

}  // namespace svc::http
