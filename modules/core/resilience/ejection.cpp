#include "resilience/ejection.h"

#include <algorithm>

namespace svc::resilience {

void Ejection::keep(std::span<const std::string> ids) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::shared_ptr<Member>, std::less<>> kept;
  for (const auto& id : ids) {
    const auto known = members_.find(id);
    kept.emplace(id, known != members_.end() ? known->second : std::make_shared<Member>(options_));
  }
  members_.swap(kept);
  for (auto& [id, member] : kept) member->gone = !members_.contains(id);
}

const Ejection::Member* Ejection::find(std::string_view id) const {
  const auto known = members_.find(id);
  return known != members_.end() ? known->second.get() : nullptr;
}

bool Ejection::ejected(std::string_view id, Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto* const member = find(id);
  return member != nullptr && member->out && (member->probing || !due(*member, now));
}

Standing Ejection::standing(std::string_view id, Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto* const member = find(id);
  if (member == nullptr || !member->out) return Standing::serving;
  return due(*member, now) ? Standing::on_trial : Standing::ejected;
}

Ejection::Admission Ejection::admit(std::string_view id, Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto known = members_.find(id);
  if (known == members_.end()) return {*this, nullptr, 0, false};
  auto& member = *known->second;
  const bool probe = member.out && !member.probing && due(member, now);
  if (probe) member.probing = true;
  return {*this, known->second, member.era, probe};
}

bool Ejection::room() const {
  const auto all = static_cast<std::int64_t>(members_.size());
  const auto out = std::ranges::count_if(members_, [](const auto& entry) { return entry.second->out; });
  return out < std::max<std::int64_t>(all * options_.max_percent / 100, 1);
}

void Ejection::eject(Member& member, Steady::time_point now) {
  // Who has served for as long as it was out begins anew.
  if (!member.out && now - member.changed_at >= member.penalty) member.times = 0;
  const auto doublings = std::min<std::int64_t>(member.times++, 30);
  member.penalty = std::chrono::milliseconds{std::min(options_.first_ms << doublings, options_.limit_ms)};
  member.out = true;
  member.probing = false;
  member.changed_at = now;
  ++member.era;
}

std::optional<Standing> Ejection::record(Member& member, std::uint64_t era, bool probe, Outcome outcome,
                                         Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  if (member.gone || era != member.era) return std::nullopt;
  const bool failed = outcome == Outcome::failure;
  if (member.out) {
    if (!failed) {
      member.out = member.probing = false;
      member.in_a_row = 0;
      member.window.clear();
      member.changed_at = now;
      ++member.era;
      return Standing::serving;
    }
    if (!probe) return std::nullopt;
    eject(member, now);
    return Standing::ejected;
  }
  member.in_a_row = failed ? member.in_a_row + 1 : 0;
  member.window.add(now, {1, failed ? 1 : 0});
  const auto window = member.window.sum(now);
  const bool outlier = member.in_a_row >= options_.consecutive_failures ||
                       (window.calls >= options_.minimum_calls && window.reaches(options_.failure_rate_percent));
  if (!outlier || !room()) return std::nullopt;
  eject(member, now);
  return Standing::ejected;
}

void Ejection::give_back(Member& member, std::uint64_t era) {
  const std::lock_guard lock(mutex_);
  if (era == member.era) member.probing = false;
}

}  // namespace svc::resilience
