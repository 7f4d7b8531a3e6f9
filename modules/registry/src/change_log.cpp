#include "change_log.h"

#include <algorithm>
#include <unordered_set>

namespace svc::registry {

void ChangeLog::add(Touched touched) {
  ++revision_;
  last_.push_back(std::move(touched));
  if (last_.size() > kept_) last_.pop_front();
}

std::optional<std::vector<ChangeLog::Touched>> ChangeLog::after(std::int64_t since) const {
  const auto missed = revision_ - since;
  if (missed < 0 || missed > static_cast<std::int64_t>(last_.size())) return std::nullopt;
  std::vector<Touched> touched;
  std::unordered_set<std::string_view> seen;
  for (auto change = last_.rbegin(); change != last_.rbegin() + missed; ++change)
    if (seen.insert(change->instance_id).second) touched.push_back(*change);
  std::ranges::reverse(touched);
  return touched;
}

}  // namespace svc::registry
