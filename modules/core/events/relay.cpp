#include "events/relay.h"

#include "base/ids.h"
#include "observe/log.h"
#include "resilience/backoff.h"

namespace svc::events {
namespace {

constexpr auto reader = "amqp";  // its name among the readers of an outbox
constexpr int published_at_once = 200;

}  // namespace

Relay::Relay(Outbox& outbox, const amqp::Address& address, const AmqpOptions& options,
             const std::vector<amqp::Queue>& queues, std::string owner, const Clock& clock)
    : BrokerWork(
          address, options.connection,
          [exchange = options.exchange, queues](amqp::Session& session) { return session.declare(exchange, queues); }),
      outbox_(outbox),
      options_(options),
      owner_(std::move(owner)),
      clock_(clock) {}

// Writes the lease as `change` leaves it, good for its whole length from now. What fails loses it.
Task<Result<Nothing>> Relay::write_lease(std::function<Result<Nothing>(ReaderLease&, Time)> change) {
  const milliseconds length{options_.lease_ms};
  const auto renew_at = Steady::now() + length / 3;
  auto writing =
      outbox_.database().write(sql::deadline_of_a_note(), [&](sql::Transaction& transaction) -> Result<ReaderLease> {
        const Time now = clock_.now();
        auto held = find_reader(transaction, reader);
        if (auto changed = change(held, now); !changed) return refusal(changed);
        held.lease_until = now + length;
        save_reader(transaction, reader, held, now);
        return held;
      });
  auto held = co_await writing;
  if (!held) {
    lease_.reset();
    co_return refusal(held);
  }
  lease_ = Lease{held->position, held->fence, renew_at};
  co_return Nothing{};
}

// Takes the lease, or keeps it. Code::conflict: another process has it.
Task<Result<Nothing>> Relay::hold_lease() {
  if (lease_ && Steady::now() < lease_->renew_at) return Result<Nothing>(Nothing{});
  return write_lease([this](ReaderLease& held, Time now) -> Result<Nothing> {
    if (held.owner == owner_) return Nothing{};
    // One that would last longer than any does was written before the clock was set back.
    if (held.lease_until > now && held.lease_until <= now + milliseconds{options_.lease_ms})
      return fail(Code::conflict, "relayed_elsewhere", "Another process relays these events");
    ++held.fence;
    held.owner = owner_;
    return Nothing{};
  });
}

// Notes that all up to `position` is confirmed, if the lease still is this process's.
Task<Result<Nothing>> Relay::advance(std::int64_t position) {
  return write_lease([fence = lease_->fence, position](ReaderLease& held, Time) -> Result<Nothing> {
    if (held.fence != fence) return fail(Code::conflict, "lease_lost", "Another process relays these events");
    held.position = position;
    return Nothing{};
  });
}

Task<Result<Nothing>> Relay::publish(std::vector<FeedEntry> entries) {
  std::vector<amqp::Message> messages;
  for (const auto& [position, event] : entries)
    messages.push_back({event.type, event.id, "application/cloudevents+json", encode(event)});
  using Copied = Result<Nothing>;
  auto publishing = broker_.run([exchange = options_.exchange, classic = options_.classic_queues,
                                 messages = std::move(messages)](amqp::Session& session) -> Result<Copied> {
    auto published = session.publish(exchange, messages);
    if (!published) return refusal(published);
    auto copied = classic ? session.publish("", messages) : Copied(Nothing{});
    if (!copied && copied.error().code != Code::exhausted) return refusal(copied);
    return Result<Copied>(std::move(copied));
  });
  auto published = co_await publishing;
  if (!published) co_return refusal(published);
  note_copies(*published);
  co_return Nothing{};
}

// A stranger's queue that is full is the stranger's affair: it goes without, and nobody else waits for it.
void Relay::note_copies(const Result<Nothing>& copied) {
  const std::string trouble = copied ? std::string{} : copied.error().detail;
  if (trouble == copies_trouble_) return;
  if (!trouble.empty())
    log::error("event_copies_not_taken",
               {{"module", outbox_.module()}, {"broker", broker_.told()}, {"detail", trouble}});
  copies_trouble_ = trouble;
}

Task<Result<Nothing>> Relay::relay_some() {
  auto holding = hold_lease();
  auto held = co_await holding;
  if (!held) co_return held;
  auto waiting = outbox_.await_events(lease_->position, published_at_once, milliseconds{options_.lease_ms} / 4);
  auto entries = co_await waiting;
  if (entries.empty()) {
    auto keeping = broker_.run([](amqp::Session& session) { return session.keep_alive(); });
    auto kept = co_await keeping;
    co_return kept;
  }
  const auto last = entries.back().position;
  auto publishing = publish(std::move(entries));
  auto published = co_await publishing;
  if (!published) co_return published;
  auto advancing = advance(last);
  auto advanced = co_await advancing;
  co_return advanced;
}

Task<> Relay::run() {
  while (!ending_ && !background_.stopping()) {
    auto relaying = relay_some();
    auto relayed = co_await relaying;
    if (ending_) break;
    const bool elsewhere = !relayed && relayed.error().code == Code::conflict;
    const std::string trouble = relayed || elsewhere ? std::string{} : relayed.error().reason;
    if (trouble != trouble_) {
      if (trouble.empty()) log::info("events_sent_again", {{"module", outbox_.module()}, {"broker", broker_.told()}});
      else
        log::error("events_not_sent", {{"module", outbox_.module()},
                                       {"broker", broker_.told()},
                                       {"reason", trouble},
                                       {"detail", relayed.error().detail}});
      trouble_ = trouble;
    }
    failures_ = relayed ? 0 : failures_ + 1;
    if (relayed) continue;
    const milliseconds pause =
        elsewhere ? milliseconds{options_.lease_ms} / 4 : resilience::pause_before(backoff, failures_, random_unit());
    auto pausing = background_.pause_until(Steady::now() + pause);
    co_await pausing;
  }
  auto closing = broker_.close();
  co_await closing;
  if (!lease_) co_return;
  // So that others need not wait for it to lapse.
  auto writing =
      outbox_.database().write(Steady::now() + seconds{1}, [&](sql::Transaction& transaction) -> Result<Nothing> {
        auto held = find_reader(transaction, reader);
        if (held.fence != lease_->fence) return Nothing{};
        held.lease_until = Time{};
        save_reader(transaction, reader, held, clock_.now());
        return Nothing{};
      });
  auto written = co_await writing;
  if (!written) log::warn("relay_lease_kept", {{"module", outbox_.module()}, {"reason", written.error().reason}});
}

}  // namespace svc::events
