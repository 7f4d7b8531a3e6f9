#include "events/consumer.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "base/ids.h"
#include "base/integer.h"
#include "contract/span.h"
#include "events/carrier.h"
#include "events/parked_store.h"
#include "observe/log.h"
#include "observe/measures.h"
#include "resilience/backoff.h"

namespace svc::events {
namespace {

constexpr milliseconds retry_interval{250}, forget_interval{60'000};
constexpr int retried_at_once = 500,  // a process that stops waits for these
    forgotten_at_once = 2'000;
constexpr seconds write_limit{10};
constexpr std::size_t listed_data = 4 * 1024;  // bytes; a list of large events could not be carried

bool is_number(std::string_view text) { return parse_integer<std::int64_t>(text).has_value(); }

tl::unexpected<Error> no_such_event() { return fail(Code::not_found, "not_found", "No such event is parked here"); }

void say_parked(std::string_view consumer, const ParkedEvent& parked) {
  log::error("event_parked", {{"consumer", consumer},
                              {"event", parked.event.id},
                              {"type", parked.event.type},
                              {"subject", parked.event.subject},
                              {"attempts", parked.attempts},
                              {"reason", parked.reason}});
}

}  // namespace

Consumer::Consumer(sql::Database& database, std::string_view name, const Environment& environment)
    : database_(database),
      name_(name),
      clock_(environment.clock),
      options_(environment.events.consumer),
      retrier_("retry_events", retry_interval, [this] { return retry_due(); }),
      forgetter_("forget_events", forget_interval, [this] { return forget_old(); }),
      carrier_(environment.events.carrier) {}

Consumer::~Consumer() = default;

void Consumer::follow(std::string module, EventFeed& feed) { sources_.push_back({std::move(module), &feed}); }

void Consumer::set_handler(const std::string& module, const EventInfo& event, Handler handler) {
  const auto source = std::ranges::find(sources_, module, &Source::module);
  if (source == sources_.end()) throw std::logic_error(std::string(name_) + " does not follow " + module);
  source->types.emplace_back(event.type);
  handlers_[{source_of(module), std::string(event.type)}] = {event, std::move(handler)};
}

void Consumer::start(Loop& loop) {
  delivering_ = carrier_.deliver(*this);
  delivering_->start(loop);
  retrier_.start(loop);
  forgetter_.start(loop);
}

void Consumer::stopping() {
  if (delivering_) delivering_->stopping();
}

void Consumer::stop() {
  if (!delivering_) return;
  delivering_->stop();
  retrier_.stop();
  forgetter_.stop();
}

Result<const Consumer::Known*> Consumer::known(const Envelope& event) const {
  const auto found = handlers_.find({event.source, event.type});
  if (found == handlers_.end())
    return fail(Code::malformed, "unknown_event", "This program knows no " + event.type + " of " + event.source);
  if (event.dataversion > found->second.event.version)
    return fail(Code::malformed, "newer_event",
                "This program knows version " + std::to_string(found->second.event.version) + " of it");
  return &found->second;
}

// Has its effect, as a span of the trace that it is part of: one for each try, also where the transaction is undone
// and run again because of another event.
Result<Nothing> Consumer::handle(sql::Transaction& transaction, const Envelope& event, const Known& how) const {
  auto call = call_about(event);
  auto span = Span::begin(call, name_, how.event.type, SpanKind::event);
  try {
    auto done = how.handler(transaction, event);
    span.end(outcome_of(done));
    return done;
  } catch (...) {
    span.end(outcome_of(Code::internal));
    throw;
  }
}

// What an event comes to that has failed: tried again, unless that would be in vain.
ParkedEvent Consumer::after_failure(ParkedEvent parked, const Error& why) const {
  ++parked.attempts;
  parked.reason = why.reason;
  parked.detail = why.detail;
  const bool in_vain = why.code == Code::malformed || parked.attempts >= options_.attempts;
  parked.state = in_vain ? ParkedState::parked : ParkedState::retrying;
  parked.next_try_at.reset();
  if (!in_vain)
    parked.next_try_at = clock_.now() + resilience::pause_before({options_.backoff_ms, options_.backoff_limit_ms},
                                                                 parked.attempts, random_unit());
  return parked;
}

// Does what is to be done about one event. `failed`: why it cannot have its effect, as an earlier run of the
// transaction found.
Result<Nothing> Consumer::effect(sql::Transaction& transaction, const Envelope& event, const Error* failed,
                                 std::vector<ParkedEvent>& parked) {
  const Time now = clock_.now();
  if (!insert_into_inbox(transaction, event, now)) return Nothing{};
  if (is_held_up(transaction, event)) {
    insert_parked(transaction, {std::string(name_), 0, event, ParkedState::behind, 0, "behind",
                                "An earlier event of its subject is parked", now, std::nullopt});
    return Nothing{};
  }
  const auto how = known(event);
  if (failed == nullptr && how) return handle(transaction, event, **how);
  const Error& why = failed != nullptr ? *failed : how.error();
  parked.push_back(
      after_failure({std::string(name_), 0, event, ParkedState::parked, 0, "", "", now, std::nullopt}, why));
  insert_parked(transaction, parked.back());
  return Nothing{};
}

Task<Result<Nothing>> Consumer::take(std::vector<Envelope> events) { return take_batch({std::move(events), "", {}}); }

Task<Result<Nothing>> Consumer::take(std::string module, FeedPage page) {
  Batch batch{{}, std::move(module), {page.next, page.event}};
  for (auto& entry : page.items) batch.events.push_back(std::move(entry.event));
  return take_batch(std::move(batch));
}

// All in one transaction. When one of them fails, all is undone and done again without it.
Task<Result<Nothing>> Consumer::take_batch(Batch batch) {
  std::map<std::size_t, Error> failed;
  while (true) {
    std::size_t at = 0;
    std::optional<Error> why;
    std::vector<ParkedEvent> parked;
    auto writing = database_.write(Steady::now() + write_limit, [&](sql::Transaction& transaction) -> Result<Nothing> {
      why.reset();
      parked.clear();
      for (at = 0; at < batch.events.size(); ++at) {
        const auto known_to_fail = failed.find(at);
        auto done = effect(transaction, batch.events[at],
                           known_to_fail == failed.end() ? nullptr : &known_to_fail->second, parked);
        if (!done) {
          why = done.error();
          return done;
        }
      }
      if (!batch.module.empty() && find_cursor(transaction, batch.module) != batch.cursor)
        move_cursor(transaction, batch.module, batch.cursor);
      return Nothing{};
    });
    try {
      auto written = co_await writing;
      if (written) {
        for (const auto& event : parked) say_parked(name_, event);
        co_return written;
      }
      if (!why) co_return written;  // the database's own reason: of no event
    } catch (const std::exception& defect) {
      why = Error{Code::internal, "defect", defect.what()};
    }
    if (!failed.emplace(at, std::move(*why)).second)
      co_return fail(Code::internal, "event_not_parked", "An event could be neither handled nor parked");
  }
}

FeedCursor Consumer::cursor(const std::string& module) {
  return database_.read([&](sql::Session& session) { return find_cursor(session, module); });
}

void Consumer::park(sql::Transaction& transaction, const Envelope& event, const Error& why) {
  insert_parked(transaction, {std::string(name_), 0, event, ParkedState::parked, 1, why.reason, why.detail,
                              clock_.now(), std::nullopt});
}

// Tries a parked event; if it goes, the next of its subject is let go. Answers how it stands then.
Task<Result<ParkedEvent>> Consumer::try_again(std::int64_t number, bool by_hand) {
  ParkedEvent parked;
  std::optional<Error> why;
  auto trying = database_.write(Steady::now() + write_limit, [&](sql::Transaction& transaction) -> Result<Nothing> {
    why.reset();
    auto found = find_parked(transaction, number);
    if (!found) return no_such_event();
    parked = std::move(*found);
    parked.consumer = name_;
    if (!is_first(transaction, parked))
      return fail(Code::conflict, "behind", "An earlier event of its subject is to be seen to first");
    if (!by_hand && parked.state != ParkedState::retrying) return Nothing{};
    const auto how = known(parked.event);
    auto done = how ? handle(transaction, parked.event, **how) : Result<Nothing>(tl::unexpected(how.error()));
    if (!done) {
      why = done.error();
      return done;
    }
    release_parked(transaction, parked, clock_.now());
    parked.state = ParkedState::done;
    parked.next_try_at.reset();
    return Nothing{};
  });
  try {
    auto tried = co_await trying;
    if (tried) co_return parked;
    if (!why) co_return refusal(tried);
  } catch (const std::exception& defect) {
    why = Error{Code::internal, "defect", defect.what()};
  }
  parked = after_failure(std::move(parked), *why);
  auto noting = database_.write(Steady::now() + write_limit, [&](sql::Transaction& transaction) -> Result<Nothing> {
    update_parked(transaction, parked);
    return Nothing{};
  });
  auto noted = co_await noting;
  if (!noted) co_return refusal(noted);
  if (parked.state == ParkedState::parked) say_parked(name_, parked);
  co_return parked;
}

Task<Result<Nothing>> Consumer::retry_due() {
  bool some_done = true;
  for (int left = retried_at_once; left > 0 && some_done;) {
    const auto due = database_.read([&](sql::Session& session) { return find_due(session, clock_.now(), left); });
    some_done = false;
    for (const auto number : due) {
      auto trying = try_again(number, false);
      auto tried = co_await trying;
      if (tried) some_done |= tried->state == ParkedState::done;
      else if (tried.error().code == Code::unavailable) co_return refusal(tried);
    }
    left -= static_cast<int>(due.size());
  }
  co_return Nothing{};
}

Task<Result<Nothing>> Consumer::forget_old() {
  const Time old = clock_.now() - std::chrono::hours{options_.inbox_hours};
  for (int forgotten = forgotten_at_once; forgotten == forgotten_at_once;) {
    auto writing = database_.write(Steady::now() + write_limit, [&](sql::Transaction& transaction) -> Result<int> {
      return forget_inbox_before(transaction, old, forgotten_at_once);
    });
    auto written = co_await writing;
    if (!written) co_return refusal(written);
    forgotten = *written;
  }
  co_return Nothing{};
}

Reply<ListParked> Consumer::handle(Call, ListParked query) {
  const auto after = key_of_cursor(query.cursor, is_number);
  if (!after) return fail(after.error());
  ParkedPage page;
  database_.read([&](sql::Session& session) {
    page.items = list_parked(session, parse_integer<std::int64_t>(*after).value_or(0), query.limit + 1);
    page.retrying = count_parked(session, ParkedState::retrying);
    page.parked = count_parked(session, ParkedState::parked);
    page.behind = count_parked(session, ParkedState::behind);
    return Nothing{};
  });
  for (auto& parked : page.items) {
    parked.consumer = name_;
    if (parked.event.data.text.size() > listed_data) parked.event.data.text = "null";
  }
  page.next_cursor =
      cut_page(page.items, query.limit, [](const auto& parked) { return std::to_string(parked.number); });
  const std::lock_guard lock(mutex_);
  for (const auto& [module, standing] : standings_) page.feeds.push_back(standing);
  return page;
}

Reply<GetParked> Consumer::handle(Call, GetParked query) {
  auto parked = database_.read([&](sql::Session& session) { return find_parked(session, query.id); });
  if (!parked) return no_such_event();
  parked->consumer = name_;
  return std::move(*parked);
}

Reply<RetryParked> Consumer::handle(Call, RetryParked command) {
  const auto parked = database_.read([&](sql::Session& session) { return find_parked(session, command.id); });
  if (!parked) return no_such_event();
  return try_again(parked->number, true);
}

Reply<DropParked> Consumer::handle(Call call, DropParked command) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<ParkedEvent> {
    auto parked = find_parked(transaction, command.id);
    if (!parked) return no_such_event();
    release_parked(transaction, *parked, clock_.now());
    parked->consumer = name_;
    parked->state = ParkedState::dropped;
    parked->next_try_at.reset();
    return std::move(*parked);
  });
  auto dropped = co_await writing;
  if (dropped)
    log::warn("event_dropped", {{"consumer", name_},
                                {"event", dropped->event.id},
                                {"type", dropped->event.type},
                                {"subject", dropped->event.subject}});
  co_return dropped;
}

void Consumer::measure(Measures& measures) const {
  database_.read([&](sql::Session& session) {
    for (const auto state : {ParkedState::retrying, ParkedState::parked, ParkedState::behind})
      measures.gauge("svc_events_parked",
                     "Events that could not have their effect in a consumer, by what is done about them",
                     {{"consumer", name_}, {"state", to_name(state)}}, count_parked(session, state));
    return Nothing{};
  });
  const std::lock_guard lock(mutex_);
  for (const auto& [module, standing] : standings_) {
    const Measures::Labels of{{"consumer", name_}, {"module", module}};
    measures.gauge("svc_events_lag", "Events of a module that a consumer has not yet been given", of, standing.lag);
    measures.gauge("svc_events_feed_up", "Whether a consumer is given a module's events", of, standing.trouble ? 0 : 1);
  }
}

// Where that cannot be read it is not: to take what comes will fail, and say why.
bool Consumer::full() const {
  try {
    return full_ && full_();
  } catch (const std::exception&) {
    return false;
  }
}

void Consumer::note(FeedStanding standing) {
  const std::lock_guard lock(mutex_);
  auto& known = standings_[standing.module];
  if (known.trouble != standing.trouble) {
    if (standing.trouble)
      log::warn("events_not_had", {{"consumer", name_}, {"module", standing.module}, {"why", *standing.trouble}});
    else if (known.trouble) log::info("events_had_again", {{"consumer", name_}, {"module", standing.module}});
  }
  known = std::move(standing);
}

}  // namespace svc::events
