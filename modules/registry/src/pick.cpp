#include "pick.h"

#include <algorithm>

#include "base/ids.h"

namespace svc::registry {
namespace {

std::size_t any_of(std::size_t count) { return static_cast<std::size_t>(random_bits() % count); }

// FNV-1a, and the end of SplitMix64, without which similar texts have similar hashes. Fixed, so that every run of
// every build sends a key to the same place.
std::uint64_t hash(std::string_view key, std::string_view place) {
  std::uint64_t value = 0xcbf29ce484222325;
  const auto add = [&](std::string_view text) {
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  add(key);
  add(std::string_view("\0", 1));
  add(place);
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::size_t longer_ago_of_two(const std::vector<Candidate>& candidates) {
  if (candidates.size() == 1) return 0;
  const auto one = any_of(candidates.size());
  auto other = any_of(candidates.size() - 1);
  if (other >= one) ++other;
  return candidates[one].picked <= candidates[other].picked ? one : other;
}

std::size_t by_weight(const std::vector<Candidate>& candidates) {
  std::uint64_t whole = 0;
  for (const auto& candidate : candidates) whole += static_cast<std::uint64_t>(candidate.weight);
  auto left = random_bits() % whole;
  for (std::size_t i = 0;; ++i) {
    const auto share = static_cast<std::uint64_t>(candidates[i].weight);
    if (left < share) return i;
    left -= share;
  }
}

std::size_t by_key(const std::vector<Candidate>& candidates, std::string_view key) {
  const auto highest = std::ranges::max_element(
      candidates, {}, [&](const Candidate& candidate) { return hash(key, candidate.place); });
  return static_cast<std::size_t>(highest - candidates.begin());
}

}  // namespace

std::size_t pick(const std::vector<Candidate>& candidates, Policy policy, std::string_view key, std::uint64_t turn) {
  switch (policy) {
    case Policy::round_robin: break;
    case Policy::random: return any_of(candidates.size());
    case Policy::least_outstanding: return longer_ago_of_two(candidates);
    case Policy::weighted: return by_weight(candidates);
    case Policy::consistent_hash: return by_key(candidates, key);
  }
  return static_cast<std::size_t>(turn % candidates.size());
}

}  // namespace svc::registry
