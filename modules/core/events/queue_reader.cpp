#include "events/queue_reader.h"

#include "base/ids.h"
#include "resilience/backoff.h"

namespace svc::events {
namespace {

constexpr milliseconds patience{250};  // a stop waits for it
constexpr seconds look_interval{5};

}  // namespace

QueueReader::QueueReader(Consumer& consumer, const amqp::Address& address, const AmqpOptions& options,
                         const std::vector<amqp::Queue>& queues)
    : BrokerWork(address, options.connection,
                 [exchange = options.exchange, queues, queue = queue_of(consumer.name(), options),
                  prefetch = static_cast<std::uint16_t>(options.prefetch)](amqp::Session& session) -> Result<Nothing> {
                   if (auto declared = session.declare(exchange, queues); !declared) return declared;
                   return session.consume(queue, prefetch);
                 }),
      consumer_(consumer),
      options_(options) {}

// How many wait, in the queue and behind it, now and then.
Task<Result<Nothing>> QueueReader::look() {
  if (Steady::now() < next_look_) co_return Nothing{};
  auto looking =
      broker_.run([queue = queue_of(consumer_.name(), options_)](amqp::Session& session) -> Result<std::int64_t> {
        auto waiting = session.waiting(queue);
        if (waiting) *waiting += static_cast<std::int64_t>(session.arrived());
        return waiting;
      });
  auto waiting = co_await looking;
  if (!waiting) co_return refusal(waiting);
  lag_ = *waiting;
  next_look_ = Steady::now() + look_interval;
  co_return Nothing{};
}

Task<Result<Nothing>> QueueReader::wait_for_room() {
  auto keeping = broker_.run([](amqp::Session& session) { return session.keep_alive(); });
  auto kept = co_await keeping;
  if (!kept) co_return kept;
  auto pausing = background_.pause_until(Steady::now() + Consumer::room_interval);
  co_await pausing;
  next_look_ = {};  // soon: nothing else tells how far behind this is
  co_return Nothing{};
}

Task<Result<Nothing>> QueueReader::take_some() {
  auto looking = look();
  auto looked = co_await looking;
  if (!looked) co_return looked;
  if (consumer_.full()) {
    auto waiting = wait_for_room();
    auto waited = co_await waiting;
    co_return waited;
  }
  auto receiving = broker_.run([most = static_cast<std::size_t>(options_.prefetch)](amqp::Session& session) {
    return session.receive(most, patience);
  });
  auto deliveries = co_await receiving;
  if (!deliveries) co_return refusal(deliveries);
  if (deliveries->empty()) co_return Nothing{};
  std::vector<Envelope> events;
  for (const auto& delivery : *deliveries) events.push_back(event_in(delivery));
  auto taking = consumer_.take(std::move(events));
  auto taken = co_await taking;
  if (!taken) {
    auto closing = broker_.close();  // given again, then
    co_await closing;
    co_return taken;
  }
  auto acknowledging =
      broker_.run([last = deliveries->back().tag](amqp::Session& session) { return session.acknowledge(last); });
  auto acknowledged = co_await acknowledging;
  co_return acknowledged;
}

Task<> QueueReader::run() {
  while (!ending_ && !background_.stopping()) {
    auto taking = take_some();
    auto taken = co_await taking;
    if (ending_) break;
    consumer_.note({broker_.told(), lag_, taken ? std::nullopt : std::optional(taken.error().detail)});
    failures_ = taken ? 0 : failures_ + 1;
    if (taken) continue;
    auto pausing = background_.pause_until(Steady::now() + resilience::pause_before(backoff, failures_, random_unit()));
    co_await pausing;
  }
  auto closing = broker_.close();
  co_await closing;
}

}  // namespace svc::events
