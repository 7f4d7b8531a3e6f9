// Pick: one of several instances, by a policy. Pure but for chance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/types.h"

namespace svc::registry {

/// What a policy looks at.
struct Candidate {
  std::string_view place;    ///< host and port: stays the same when the instance comes again
  std::int64_t weight = 1;
  std::uint64_t picked = 0;  ///< when it was last picked, as a count of all picks; 0: never
};

/// The index of one of `candidates`, of which there is at least one.
///   round_robin        each in its turn; `turn` counts up with every pick
///   random             each as likely
///   least_outstanding  of two at random the one that was picked longer ago: what is under way at an instance only
///                      its callers know, and they had better pick by themselves
///   weighted           each as likely as its weight
///   consistent_hash    the one that goes with `key` (highest random weight): when one leaves, only its keys move
std::size_t pick(const std::vector<Candidate>& candidates, Policy policy, std::string_view key, std::uint64_t turn);

}  // namespace svc::registry
