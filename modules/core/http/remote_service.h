// RemoteService: a service that other processes serve, as this one reaches it: which instances there are, which of
// them a call goes to, and what is done when it fails. It puts the pieces of resilience/ together, in the order that
// the README there gives.
//
//   RemoteService inventory(client, "inventory", options);
//   inventory.set_instances({{"…", {"127.0.0.1", 3003}}});      // again whenever they change
//   auto asking = inventory.roundtrip(request, deadline);
//
// What is tried again, and where:
//   - A request that never left (nothing accepts the connection) goes to another instance, whatever it asks for.
//   - One that may have been heard is sent again only if it is repeatable.
//   - A repeatable one that is not answered for `attempt_timeout_ms` is sent to another instance too, and is answered
//     by whichever is first (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013). Nothing that is slow but
//     well is cut off thereby.
//   - An answer, of whatever status, is an answer: who gave it has tried what there was to try. So retries do not
//     multiply over hops.
// All of it within the retry budget.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/transport.h"
#include "resilience/backoff.h"
#include "resilience/balancer.h"
#include "resilience/bulkhead.h"
#include "resilience/circuit_breaker.h"
#include "resilience/ejection.h"
#include "resilience/retry_budget.h"

namespace svc::http {

/// Somewhere that a service is served.
struct Instance {
  std::string id;  ///< the same in every process
  Address address;
  std::int64_t weight = 1;
  bool operator==(const Instance&) const = default;
};

struct RemoteOptions {
  resilience::Policy balance = resilience::Policy::least_outstanding;
  std::int64_t attempts = 3;
  std::int64_t attempt_timeout_ms = 500;
  resilience::BackoffOptions backoff{};
  resilience::RetryBudgetOptions retry_budget{};
  resilience::BreakerOptions breaker{};
  resilience::BulkheadOptions bulkhead{};
  resilience::EjectionOptions ejection{};
  static constexpr auto fields() {
    return rows(field(&RemoteOptions::balance, "balance", "How one of several instances is chosen for a call",
                      Default{"least_outstanding"}),
                field(&RemoteOptions::attempts, "attempts",
                      "How often a call may be sent in all; each time but the first takes from the retry budget "
                      "(Resilience4j's maxAttempts: 3)",
                      Range{1, 10}, Default{3}),
                field(&RemoteOptions::attempt_timeout_ms, "attempt_timeout_ms",
                      "Time without an answer after which a call that may be repeated is sent to another instance too",
                      Range{10, 600'000}, Default{500}),
                field(&RemoteOptions::backoff, "backoff", "The pause before a call is sent again"),
                field(&RemoteOptions::retry_budget, "retry_budget", "What may be sent again, of all that is sent"),
                field(&RemoteOptions::breaker, "breaker", "When an operation of an instance is called no more"),
                field(&RemoteOptions::bulkhead, "bulkhead",
                      "How many calls there may be to one service, and as many uploads beside them"),
                field(&RemoteOptions::ejection, "ejection", "When an instance is passed over"));
  }
};

/// How things stand, for `svc status` and metrics.
struct RemoteStatus {
  struct Breaker {
    std::string operation;
    resilience::BreakerStatus status;
  };
  struct OfInstance {
    Instance instance;
    std::int64_t outstanding = 0;  ///< calls sent that are not yet answered
    resilience::Standing standing = resilience::Standing::serving;
    std::vector<Breaker> breakers;  ///< of the operations called so far
  };
  std::vector<OfInstance> instances;
  resilience::BulkheadStatus bulkhead;
  resilience::Tally budget;  ///< of late: calls, and as marked the retries among them
};

class RemoteService final : public Transport {
 public:
  /// `client` must outlive it. `options` have been checked.
  RemoteService(Client& client, std::string name, const RemoteOptions& options);
  /// Only when no loop runs any more.
  ~RemoteService() override;

  /// Who serves it from now on. What is known of those that stay is kept; calls under way go on. Thread-safe.
  void set_instances(const std::vector<Instance>& instances);
  /// Whether it is served anywhere, as far as is known. Thread-safe.
  bool known() const;

  Task<Result<Response>> roundtrip(Outgoing request, Steady::time_point deadline) override;

  RemoteStatus status(Steady::time_point now) const;

 private:
  struct Member;
  struct Attempt;
  struct Race;
  using Members = std::vector<std::shared_ptr<Member>>;

  std::shared_ptr<const Members> members() const;
  Result<Attempt> choose(const Race& race, const Outgoing& request, std::span<const std::string> tried,
                         Steady::time_point now);
  Task<> send(std::shared_ptr<Race> race, std::shared_ptr<Attempt> attempt, std::shared_ptr<const Outgoing> request,
              Steady::time_point deadline);
  Task<bool> may_send_again(Race& race, const Outgoing& request, std::size_t sent, Steady::time_point deadline);
  void note(Attempt& attempt, resilience::Outcome outcome);

  Client& client_;
  const std::string name_;
  const RemoteOptions options_;
  resilience::Bulkhead bulkhead_;
  resilience::Bulkhead uploads_;  // these last as long as their clients like, so they keep nobody else out
  resilience::RetryBudget budget_;
  resilience::Balancer balancer_;
  resilience::Ejection ejection_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Members> members_;  // guarded by mutex_; the list itself never changes
};

}  // namespace svc::http
