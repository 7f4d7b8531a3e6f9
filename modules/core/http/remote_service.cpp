#include "http/remote_service.h"

#include <algorithm>
#include <optional>

#include "async/event.h"
#include "base/ids.h"
#include "http/problem.h"
#include "observe/log.h"

namespace svc::http {

using namespace resilience;

struct RemoteService::Member {
  explicit Member(Instance which) : instance(std::move(which)) {}

  std::shared_ptr<CircuitBreaker> breaker_of(std::string_view operation, const BreakerOptions& options) {
    const std::lock_guard lock(mutex);
    auto found = breakers.find(operation);
    if (found == breakers.end()) found = breakers.emplace(operation, std::make_shared<CircuitBreaker>(options)).first;
    return found->second;
  }

  const Instance instance;
  std::atomic<std::int64_t> outstanding{0};
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<CircuitBreaker>, std::less<>> breakers;  // guarded by mutex
};

/// One sending of a call: where it goes, with the right to send it there.
struct RemoteService::Attempt {
  std::shared_ptr<Member> member;
  std::shared_ptr<CircuitBreaker> breaker;  // outlives its permission
  CircuitBreaker::Permission permission;
  Ejection::Admission admission;
};

/// All sendings of one call: whichever is answered first answers it. Shared, for a sending that is overtaken goes on
/// by itself until its deadline. Lives on one loop.
struct RemoteService::Race {
  std::optional<Response> answer;  // the first
  std::optional<Error> failure;    // the latest
  Members busy;                    // those that have been sent it and have not answered
  bool alone = false;              // there is nobody else to send it to
  std::shared_ptr<Attempt> newest;
  std::optional<Event> news;  // since it was last waited for
};

namespace {

// Refusals that say nothing of who gives them: somebody further on is away, or too much is asked.
bool is_of_others(std::string_view reason) {
  return reason == "service_unavailable" || reason == "no_answer" || reason == "overloaded";
}

Outcome outcome_of_answer(const Result<Response>& answer) {
  if (!answer) return outcome_of(answer.error().code);
  if (answer->status < 500 || answer->status == 501) return Outcome::success;
  const auto error = error_of(answer->status, answer->body, answer->header("Retry-After"));
  return is_of_others(error.reason) ? Outcome::success : outcome_of(error.code);
}

bool never_left(const Error& error) { return error.reason == unreachable_reason; }

tl::unexpected<Error> nobody(const std::string& name) {
  return fail(Code::unavailable, "no_instance", "No instance of " + name + " is known");
}

}  // namespace

RemoteService::RemoteService(Client& client, std::string name, const RemoteOptions& options)
    : client_(client),
      name_(std::move(name)),
      options_(options),
      bulkhead_(options.bulkhead),
      uploads_(options.bulkhead),
      budget_(options.retry_budget),
      balancer_(options.balance, random_bits()),
      ejection_(options.ejection),
      members_(std::make_shared<const Members>()) {}

RemoteService::~RemoteService() = default;

std::shared_ptr<const RemoteService::Members> RemoteService::members() const {
  const std::lock_guard lock(mutex_);
  return members_;
}

bool RemoteService::known() const { return !members()->empty(); }

void RemoteService::set_instances(const std::vector<Instance>& instances) {
  const std::lock_guard lock(mutex_);
  Members next;
  std::vector<std::string> ids;
  for (const auto& instance : instances) {
    const auto same = std::ranges::find_if(*members_, [&](const auto& known) { return known->instance == instance; });
    next.push_back(same != members_->end() ? *same : std::make_shared<Member>(instance));
    ids.push_back(instance.id);
  }
  ejection_.keep(ids);
  members_ = std::make_shared<const Members>(std::move(next));
}

// One that has not been tried for this call, is not ejected and whose breaker lets it pass, if there is one;
// the next best otherwise. Never one that is still at it: it would meet itself there.
Result<RemoteService::Attempt> RemoteService::choose(const Race& race, const Outgoing& request,
                                                     std::span<const std::string> tried, Steady::time_point now) {
  const auto present = members();
  Members left = *present;
  if (!race.busy.empty())
    std::erase_if(left, [&](const auto& member) { return std::ranges::find(race.busy, member) != race.busy.end(); });
  std::vector<Candidate> candidates;
  candidates.reserve(left.size());
  for (const auto& member : left) {
    const auto& id = member->instance.id;
    const bool avoided = ejection_.ejected(id, now) || std::ranges::find(tried, id) != tried.end();
    candidates.push_back({id, member->instance.weight, member->outstanding.load(std::memory_order_relaxed), avoided});
  }
  const auto key = std::string_view(request.target).substr(0, request.target.find('?'));
  std::optional<Error> refused;
  while (const auto index = balancer_.choose(candidates, key, random_bits())) {
    const auto at = static_cast<std::ptrdiff_t>(*index);
    auto& member = left[*index];
    auto breaker = member->breaker_of(request.operation, options_.breaker);
    auto permission = breaker->ask(now);
    if (permission) {
      auto admission = ejection_.admit(member->instance.id, now);
      return Attempt{std::move(member), std::move(breaker), std::move(*permission), std::move(admission)};
    }
    refused = std::move(permission.error());
    candidates.erase(candidates.begin() + at);
    left.erase(left.begin() + at);
  }
  if (refused) return fail(std::move(*refused));
  return nobody(name_);
}

void RemoteService::note(Attempt& attempt, Outcome outcome) {
  const auto now = Steady::now();
  const auto& instance = attempt.member->instance;
  if (const auto state = attempt.permission.record(outcome, now))
    log::info("circuit_breaker", {{"service", name_}, {"instance", instance.id}, {"state", to_name(*state)}});
  if (const auto standing = attempt.admission.record(outcome, now))
    log::info("instance_standing", {{"service", name_}, {"instance", instance.id}, {"standing", to_name(*standing)}});
}

Task<> RemoteService::send(std::shared_ptr<Race> race, std::shared_ptr<Attempt> attempt,
                           std::shared_ptr<const Outgoing> request, Steady::time_point deadline) {
  auto& member = *attempt->member;
  member.outstanding.fetch_add(1, std::memory_order_relaxed);
  auto sending = client_.send(member.instance.address, std::move(request), deadline);
  auto answer = co_await sending;
  member.outstanding.fetch_sub(1, std::memory_order_relaxed);
  note(*attempt, outcome_of_answer(answer));
  race->busy.erase(std::ranges::find(race->busy, attempt->member));
  if (!answer) race->failure = std::move(answer.error());
  else if (!race->answer) race->answer = std::move(*answer);
  if (race->news) race->news->happen();
}

// Waits until the call is answered or has failed for good: false. True: it is to be sent once more.
Task<bool> RemoteService::may_send_again(Race& race, const Outgoing& request, std::size_t sent,
                                         Steady::time_point deadline) {
  bool may = sent < static_cast<std::size_t>(options_.attempts);
  while (!race.answer && !race.busy.empty()) {
    const bool another = may && !race.alone && request.repeatable && request.may_overlap && members()->size() > sent;
    const auto patience = milliseconds{options_.attempt_timeout_ms} + request.patience;
    race.news.emplace();
    auto waiting = race.news->wait_until(another ? std::min(deadline, Steady::now() + patience)
                                                 : deadline + seconds{1});  // all end by then
    const bool is_news = co_await waiting;
    if (is_news || !another) continue;
    note(*race.newest, Outcome::failure);
    if (budget_.take(Steady::now())) co_return true;
    may = false;
  }
  if (race.answer || !may || !(request.repeatable || never_left(*race.failure))) co_return false;
  const auto pause = pause_before(options_.backoff, static_cast<std::int64_t>(sent), random_unit());
  if (Steady::now() + pause >= deadline || !budget_.take(Steady::now())) co_return false;
  auto pausing = sleep_until(Steady::now() + pause);
  co_await pausing;
  co_return true;
}

Task<Result<Response>> RemoteService::roundtrip(Outgoing request, Steady::time_point deadline) {
  const bool uploads = request.streaming && request.streaming->content != nullptr;
  auto entering = (uploads ? uploads_ : bulkhead_).enter(deadline);
  auto permit = co_await entering;
  if (!permit) co_return refusal(permit);
  budget_.count_call(Steady::now());

  const auto shared = std::make_shared<const Outgoing>(std::move(request));  // by all sendings
  const auto race = std::make_shared<Race>();
  std::vector<std::string> tried;
  bool again = true;
  while (again) {
    auto attempt = choose(*race, *shared, tried, Steady::now());
    if (attempt) {
      tried.push_back(attempt->member->instance.id);
      race->busy.push_back(attempt->member);
      race->newest = std::make_shared<Attempt>(std::move(*attempt));
      detach(send(race, race->newest, shared, deadline));
    } else if (race->busy.empty()) {
      co_return fail(race->failure ? std::move(*race->failure) : std::move(attempt.error()));
    } else {
      race->alone = true;
    }
    auto waiting = may_send_again(*race, *shared, tried.size(), deadline);
    again = co_await waiting;
  }
  if (race->answer) co_return std::move(*race->answer);
  co_return fail(std::move(*race->failure));
}

RemoteStatus RemoteService::status(Steady::time_point now) const {
  RemoteStatus status{{}, bulkhead_.status(), budget_.spent(now)};
  const auto uploads = uploads_.status();
  status.bulkhead.inside += uploads.inside;
  status.bulkhead.waiting += uploads.waiting;
  status.bulkhead.refused += uploads.refused;
  const auto present = members();
  for (const auto& member : *present) {
    RemoteStatus::OfInstance told{member->instance,
                                  member->outstanding.load(std::memory_order_relaxed),
                                  ejection_.standing(member->instance.id, now),
                                  {}};
    const std::lock_guard lock(member->mutex);
    for (const auto& [operation, breaker] : member->breakers)
      told.breakers.push_back({operation, breaker->status(now)});
    status.instances.push_back(std::move(told));
  }
  return status;
}

}  // namespace svc::http
