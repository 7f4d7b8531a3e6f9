// Balancer: chooses the instance that a call goes to. It holds no instances: whoever does shows them with
// each call, in the same order as long as they are the same.
//
// Threads: any. Randomness is given by the caller, so that a test can choose it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "resilience/policy.h"

namespace svc::resilience {

struct Candidate {
  std::string_view id;           ///< the same for the same instance in every process
  std::int64_t weight = 1;       ///< its share under `weighted`; less than 1 counts as 1
  std::int64_t outstanding = 0;  ///< calls this process has sent it that are not yet answered
  bool ejected = false;          ///< to be passed over
};

class Balancer {
 public:
  /// `start` is where round_robin begins: chosen at random, processes that start together do not begin with
  /// the same.
  explicit Balancer(Policy policy, std::uint64_t start = 0) : policy_(policy), turn_(start) {}

  /// The index of one that is not ejected; when all are, of any (Envoy's panic: they cannot all be worse than
  /// nothing). Nothing when there are none. `key` is looked at by consistent_hash, which without one goes by
  /// chance. `random` is 64 uniform bits, such as random_bits().
  std::optional<std::size_t> choose(std::span<const Candidate> candidates, std::string_view key, std::uint64_t random);

 private:
  std::size_t smooth(std::span<const Candidate> candidates, bool panic);

  const Policy policy_;
  std::atomic<std::uint64_t> turn_;
  std::mutex mutex_;
  // What each is owed, by id; guarded by mutex_.
  std::map<std::string, std::int64_t, std::less<>> owed_;
};

}  // namespace svc::resilience
