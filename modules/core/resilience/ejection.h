// Ejection: takes instances that keep failing out of the balancing, and lets them back when a call to them
// has succeeded. What Envoy calls outlier detection, with a way back as in Finagle's and Linkerd's failure
// accrual.
//
//   candidate.ejected = ejection.ejected(id, now);        // of every candidate; then one is chosen
//   auto admission = ejection.admit(chosen, now);         // before the call
//   admission.record(outcome_of(answer), Steady::now());  // after it
//
// An instance is out for a time that doubles with each failure to come back. When the time is over it may be
// chosen for one call, the probe; all others pass it over until that one has been answered. A success, the
// probe's or that of a call sent when there was nobody else to ask, brings it back. At most max_percent are
// out, one always may be. Who fails beyond that stays in and is ejected as soon as there is room.
//
// One for each service, in each process that calls it: what is cut off from one caller need not be from
// another. It must outlive its admissions. Threads: any. Time is given by the caller.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "resilience/outcome.h"
#include "resilience/window.h"

namespace svc::resilience {

struct EjectionOptions {
  std::int64_t consecutive_failures = 5;
  std::int64_t failure_rate_percent = 85;
  std::int64_t minimum_calls = 50;
  std::int64_t window_seconds = 10;
  std::int64_t first_ms = 1'000;
  std::int64_t limit_ms = 60'000;
  std::int64_t max_percent = 50;
  static constexpr auto fields() {
    return rows(
        field(&EjectionOptions::consecutive_failures, "consecutive_failures",
              "Failures in a row that eject an instance (Envoy's consecutive_5xx: 5)", Range{1, 1'000}, Default{5}),
        field(&EjectionOptions::failure_rate_percent, "failure_rate_percent",
              "Failures among a hundred calls that eject it (Envoy's failure_percentage_threshold: 85)", Range{1, 100},
              Default{85}),
        field(&EjectionOptions::minimum_calls, "minimum_calls",
              "Calls in the window below which its failure rate says nothing "
              "(Envoy's failure_percentage_request_volume: 50)",
              Range{1, 1'000'000}, Default{50}),
        field(&EjectionOptions::window_seconds, "window_seconds",
              "Seconds the failure rate is taken of (Envoy's interval: 10)", Range{1, 3'600}, Default{10}),
        field(&EjectionOptions::first_ms, "first_ms",
              "Time for which it is first ejected; doubled while it does not come back (Linkerd's "
              "min-penalty: 1 s)",
              Range{1, 3'600'000}, Default{1'000}),
        field(&EjectionOptions::limit_ms, "limit_ms",
              "Longest time it is ejected for before it is tried again (Linkerd's max-penalty: 1 min)",
              Range{1, 86'400'000}, Default{60'000}),
        field(&EjectionOptions::max_percent, "max_percent",
              "Instances of a hundred that may be ejected at once; one always may (Envoy's "
              "max_ejection_percent: "
              "10, meant for many)",
              Range{0, 100}, Default{50}));
  }
  void check_whole(Violations& found) const {
    if (limit_ms < first_ms) report(found, {"/limit_ms", "minimum", "at least first_ms"});
  }
};

enum class Standing { serving, ejected, on_trial };
constexpr auto names(std::type_identity<Standing>) {
  return std::array{EnumName{Standing::serving, "serving"}, EnumName{Standing::ejected, "ejected"},
                    EnumName{Standing::on_trial, "on_trial"}};
}

class Ejection {
 public:
  class Admission;
  explicit Ejection(EjectionOptions options) : options_(options) {}

  /// Which instances there are from now on; others are forgotten, with their calls under way.
  void keep(std::span<const std::string> ids);
  /// Whether the balancer should pass it over. An instance never heard of is not ejected.
  bool ejected(std::string_view id, Steady::time_point now) const;
  /// Notes that a call is about to be sent. Never refuses: whoever chooses an ejected instance has nothing
  /// better.
  Admission admit(std::string_view id, Steady::time_point now);
  /// For metrics and `svc status`. on_trial: its time is over, and it waits for its probe or the probe's
  /// answer.
  Standing standing(std::string_view id, Steady::time_point now) const;

 private:
  struct Member {
    explicit Member(const EjectionOptions& options) : window(std::chrono::seconds{options.window_seconds}, 10) {}
    std::uint64_t era = 0;  // raised whenever it goes out or comes back, so that older calls say nothing
    std::int64_t in_a_row = 0;
    TimeWindow window;
    bool out = false;
    bool probing = false;
    bool gone = false;                // no longer in members_
    std::int64_t times = 0;           // ejected one after the other
    Steady::duration penalty{0};      // of the last time
    Steady::time_point changed_at{};  // went out, or came back
  };
  const Member* find(std::string_view id) const;
  bool due(const Member& member, Steady::time_point now) const { return now - member.changed_at >= member.penalty; }
  bool room() const;
  void eject(Member& member, Steady::time_point now);
  std::optional<Standing> record(Member& member, std::uint64_t era, bool probe, Outcome outcome,
                                 Steady::time_point now);
  void give_back(Member& member, std::uint64_t era);

  const EjectionOptions options_;
  mutable std::mutex mutex_;                                             // guards all below, and the members
  std::map<std::string, std::shared_ptr<Member>, std::less<>> members_;  // shared with admissions
};

/// One call to one instance. Dropped without a record it says nothing, and a probe's place goes to another
/// call.
class [[nodiscard]] Ejection::Admission {
 public:
  Admission(Admission&& other) noexcept = default;
  Admission& operator=(Admission&& other) noexcept {
    std::swap(ejection_, other.ejection_);
    std::swap(member_, other.member_);
    std::swap(era_, other.era_);
    std::swap(probe_, other.probe_);
    return *this;
  }
  ~Admission() {
    if (member_ && probe_) ejection_->give_back(*member_, era_);
  }
  bool probe() const { return probe_; }

  /// What became of the call; the first word counts. Answers the instance's new standing if it changed, for
  /// the log.
  std::optional<Standing> record(Outcome outcome, Steady::time_point now) {
    const auto member = std::exchange(member_, nullptr);
    return member ? ejection_->record(*member, era_, probe_, outcome, now) : std::nullopt;
  }

 private:
  friend class Ejection;
  Admission(Ejection& ejection, std::shared_ptr<Member> member, std::uint64_t era, bool probe)
      : ejection_(&ejection), member_(std::move(member)), era_(era), probe_(probe) {}
  Ejection* ejection_;
  std::shared_ptr<Member> member_;
  std::uint64_t era_;
  bool probe_;
};

}  // namespace svc::resilience
