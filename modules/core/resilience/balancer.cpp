#include "resilience/balancer.h"

#include <algorithm>

#include "base/fnv1a.h"

namespace svc::resilience {
namespace {

bool usable(const Candidate& candidate, bool panic) { return panic || !candidate.ejected; }

// The n-th that may be chosen; there are more than n.
std::size_t nth(std::span<const Candidate> candidates, bool panic, std::size_t n) {
  std::size_t index = 0;
  while (true) {
    if (usable(candidates[index], panic) && n-- == 0) return index;
    ++index;
  }
}

// A number below `count` from 32 random bits, without the bias of a division's rest.
std::size_t below(std::size_t count, std::uint64_t random) {
  return static_cast<std::size_t>(((random & 0xffff'ffff) * count) >> 32);
}

std::size_t of_two(std::span<const Candidate> candidates, bool panic, std::size_t count, std::uint64_t random) {
  const auto first = below(count, random);
  if (count == 1) return nth(candidates, panic, first);
  auto second = below(count - 1, random >> 32);
  if (second >= first) ++second;  // two different ones
  const auto a = nth(candidates, panic, first), b = nth(candidates, panic, second);
  return candidates[b].outstanding < candidates[a].outstanding ? b : a;
}

// SplitMix64's last step: each bit in decides about half of those out, which FNV-1a alone falls far short of.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58'476d'1ce4'e5b9;
  value = (value ^ (value >> 27)) * 0x94d0'49bb'1331'11eb;
  return value ^ (value >> 31);
}

std::size_t rendezvous(std::span<const Candidate> candidates, bool panic, std::uint64_t key) {
  std::optional<std::size_t> best;
  std::uint64_t best_score = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!usable(candidates[i], panic)) continue;
    const auto score = mixed(mixed(key) + fnv1a(candidates[i].id));
    if (best && score <= best_score) continue;
    best = i;
    best_score = score;
  }
  return *best;
}

}  // namespace

// Each is owed its weight more; who is owed most is chosen, and pays back what all were given.
std::size_t Balancer::smooth(std::span<const Candidate> candidates, bool panic) {
  const std::lock_guard lock(mutex_);
  std::int64_t given = 0;
  std::int64_t* most = nullptr;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!usable(candidates[i], panic)) continue;
    auto known = owed_.find(candidates[i].id);
    if (known == owed_.end()) known = owed_.emplace(candidates[i].id, 0).first;
    const auto weight = std::max<std::int64_t>(candidates[i].weight, 1);
    known->second += weight;
    given += weight;
    if (most != nullptr && known->second <= *most) continue;
    most = &known->second;
    chosen = i;
  }
  *most -= given;
  // Those that are gone are forgotten.
  if (owed_.size() > candidates.size())
    std::erase_if(owed_, [&](const auto& entry) {
      return std::ranges::none_of(candidates, [&](const Candidate& c) { return c.id == entry.first; });
    });
  return chosen;
}

std::optional<std::size_t> Balancer::choose(std::span<const Candidate> candidates, std::string_view key,
                                            std::uint64_t random) {
  if (candidates.empty()) return std::nullopt;
  const auto sound = static_cast<std::size_t>(
      std::ranges::count_if(candidates, [](const Candidate& candidate) { return !candidate.ejected; }));
  const bool panic = sound == 0;
  const auto count = panic ? candidates.size() : sound;
  switch (policy_) {
    // By its turn among those that may be chosen, not to the next one that may: the neighbour of an ejected
    // instance would get the load of both.
    case Policy::round_robin: return nth(candidates, panic, turn_.fetch_add(1, std::memory_order_relaxed) % count);
    case Policy::random: return nth(candidates, panic, below(count, random));
    case Policy::least_outstanding: return of_two(candidates, panic, count, random);
    case Policy::weighted: return smooth(candidates, panic);
    case Policy::consistent_hash: return rendezvous(candidates, panic, key.empty() ? random : fnv1a(key));
  }
  return std::nullopt;
}

}  // namespace svc::resilience
