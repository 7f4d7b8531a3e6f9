// Policy: how one of several instances is chosen (balancer.h).
#pragma once

#include <array>
#include <type_traits>

#include "base/fields.h"

namespace svc::resilience {

enum class Policy {
  round_robin,        ///< each in its turn
  random,             ///< any
  least_outstanding,  ///< of two picked at random the one with fewer calls: nearly as even as the least of
                      ///< all, and without the herd that rushes to it (Mitzenmacher, "The Power of Two
                      ///< Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001)
  weighted,           ///< each in its turn, by weight and well mixed: nginx's smooth weighted round robin
  consistent_hash,    ///< the same key to the same instance: rendezvous hashing (Thaler and Ravishankar,
                      ///< IEEE/ACM ToN 6(1), 1998). An instance that goes takes only its own keys with it
};
constexpr auto names(std::type_identity<Policy>) {
  return std::array{EnumName{Policy::round_robin, "round_robin"}, EnumName{Policy::random, "random"},
                    EnumName{Policy::least_outstanding, "least_outstanding"}, EnumName{Policy::weighted, "weighted"},
                    EnumName{Policy::consistent_hash, "consistent_hash"}};
}

}  // namespace svc::resilience
