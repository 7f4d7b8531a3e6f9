// Balancer: chooses the instance that a call goes to. It holds no instances: whoever does shows them with
// each call, in the same order as long as they are the same.
//
// Threads: any. Randomness is given by the caller, so that a test can choose it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fields.h"

namespace svc::resilience {

struct Candidate {
  std::string_view id;           ///< the same for the same instance in every process
  std::int64_t weight = 1;       ///< its share under `weighted`; less than 1 counts as 1
  std::int64_t outstanding = 0;  ///< calls this process has sent it that are not yet answered
  bool ejected = false;          ///< to be passed over
};

enum class Policy {
  round_robin,        ///< each in its turn
  random,             ///< any
  least_outstanding,  ///< of two picked at random the one with fewer calls: nearly as even as the least of
                      ///< all, and without the herd that rushes to it (Mitzenmacher, "The Power of Two
                      ///< Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001)
  weighted,         ///< each in its turn, by weight and well mixed: nginx's smooth weighted round robin
  consistent_hash,  ///< the same key to the same instance: rendezvous hashing (Thaler and Ravishankar,
                    ///< IEEE/ACM ToN 6(1), 1998). An instance that goes takes only its own keys with it
};
constexpr auto names(std::type_identity<Policy>) {
  return std::array{EnumName{Policy::round_robin, "round_robin"}, EnumName{Policy::random, "random"},
                    EnumName{Policy::least_outstanding, "least_outstanding"},
                    EnumName{Policy::weighted, "weighted"},
                    EnumName{Policy::consistent_hash, "consistent_hash"}};
}

class Balancer {
 public:
  /// `start` is where round_robin begins: chosen at random, processes that start together do not begin with
  /// the same.
  explicit Balancer(Policy policy, std::uint64_t start = 0) : policy_(policy), turn_(start) {}

  /// The index of one that is not ejected; when all are, of any (Envoy's panic: they cannot all be worse than
  /// nothing). Nothing when there are none. `key` is looked at by consistent_hash, which without one goes by
  /// chance. `random` is 64 uniform bits, such as random_bits().
  std::optional<std::size_t> choose(std::span<const Candidate> candidates, std::string_view key,
                                    std::uint64_t random);

 private:
  std::size_t smooth(std::span<const Candidate> candidates, bool panic);

  const Policy policy_;
  std::atomic<std::uint64_t> turn_;
  std::mutex mutex_;
  // What each is owed, by id; guarded by mutex_.
  std::map<std::string, std::int64_t, std::less<>> owed_;
};

}  // namespace svc::resilience
