// Load: clients that ask all the time, and remember whatever they were not answered well. All they ask for may be
// repeated, so nothing that happens to one instance of several may show.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/system.h"

namespace svc::test {

class Load {
 public:
  struct Options {
    int clients = 8;
    bool keep_alive = true;
    bool writes = true;    ///< orders too, each under an Idempotency-Key
    bool repeats = false;  ///< 503 and 504 to an order are no failures: it is asked for again, by its key, until taken
  };
  /// Makes a user and an item, and begins. `gateway` tells where to ask, for every request that opens a connection.
  Load(const System& system, std::function<int()> gateway, Options options);
  /// Ends it.
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Waits until so many more requests have been answered.
  void pass(int requests) const;
  void stop();

  int answered() const { return answered_; }
  /// What went wrong, each as "GET /items/anvil: 503 …".
  std::vector<std::string> failures() const;
  /// The orders that were acknowledged. After stop().
  const std::set<std::string>& orders() const { return orders_; }
  /// How often an order was asked for again.
  int repeated() const { return repeated_; }
  /// Orders whose keys were repeated and answered with another order. After stop().
  int twice() const { return twice_; }
  std::string customer() const { return token_; }

 private:
  void ask_all_the_time(int client);

  const std::function<int()> gateway_;
  const Options options_;
  std::string user_, token_;
  std::atomic<bool> ending_{false};
  std::atomic<int> answered_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::set<std::string> orders_;       // guarded by mutex_
  std::atomic<int> repeated_{0}, twice_{0};
  std::vector<std::thread> clients_;
};

}  // namespace svc::test
