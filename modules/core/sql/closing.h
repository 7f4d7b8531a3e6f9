// Closing: what the transactions of a commit want done once, behind all of them. Internal to core/sql.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sql/session.h"

namespace svc::sql {

class Closing {
 public:
  using Act = std::function<void(Transaction&)>;

  /// Without effect when there is one of this key.
  void add(std::string key, Act act) {
    const auto [place, added] = keys_.insert(std::move(key));
    if (added) acts_.emplace_back(place, std::move(act));
  }
  /// What is added by an act is done too.
  void run(Transaction& transaction) {
    for (std::size_t i = 0; i < acts_.size(); ++i) Act(std::move(acts_[i].second))(transaction);
  }
  std::size_t size() const { return acts_.size(); }
  /// Takes back what was added since there were `size` of them.
  void cut(std::size_t size) {
    for (; acts_.size() > size; acts_.pop_back()) keys_.erase(acts_.back().first);
  }
  void clear() { cut(0); }

 private:
  std::set<std::string> keys_;
  std::vector<std::pair<std::set<std::string>::iterator, Act>> acts_;  // in the order in which they came
};

}  // namespace svc::sql
