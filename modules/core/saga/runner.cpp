#include "saga/runner.h"

#include <algorithm>

#include "base/ids.h"
#include "contract/span.h"
#include "observe/log.h"
#include "resilience/backoff.h"

namespace svc::saga {
namespace {

constexpr int taken_up_at_once = 100;

// An answer that settles the matter: the step has not happened, and trying again would change nothing.
bool is_refusal(Code code) { return code == Code::conflict || code == Code::invalid || code == Code::not_found; }

// What the history says of a failed try. Of failures on the way only the kind is told: their particulars differ
// with the placement and say nothing about the order.
std::string outcome_of(Code code) {
  if (is_refusal(code)) return "refused";
  if (code == Code::timeout) return "timeout";
  if (code == Code::unavailable || code == Code::exhausted) return "unavailable";
  return "failed";
}
std::string detail_of(const Error& error) { return is_refusal(error.code) ? error.reason : std::string{}; }

}  // namespace

Runner::Runner(sql::Database& database, const Clock& clock, std::string owner, Definition definition, Options options)
    : database_(database),
      clock_(clock),
      owner_(std::move(owner)),
      definition_(std::move(definition)),
      options_(options) {}

Record Runner::create(sql::Transaction& transaction, const std::string& id, std::string detail) {
  const Time now = clock_.now();
  Record record{id, State::forward, 0, 1, 1, owner_, now + milliseconds{options_.lease_ms}, {}};
  insert(transaction, record, {"create", 1, "done", now, std::move(detail)});
  return record;
}

std::optional<Record> Runner::change(sql::Transaction& transaction, const std::string& id, State from, State to,
                                     Entry entry) {
  auto record = find(transaction, id);
  if (!record || record->state != from) return std::nullopt;
  const auto held = record->fence++;
  record->state = to;
  record->attempt = 1;
  record->owner = owner_;
  record->lease_until = clock_.now() + milliseconds{options_.lease_ms};
  if (from == State::done) record->step = static_cast<int>(definition_.steps.size()) - 1;
  if (!update(transaction, *record, held, lines_of({&entry, 1}))) return std::nullopt;
  return record;
}

std::optional<Record> Runner::turn_back(sql::Transaction& transaction, const std::string& id, Entry entry) {
  return change(transaction, id, State::done, State::compensating, std::move(entry));
}
bool Runner::is_turned_back(sql::Session& session, const std::string& id) const {
  const auto record = find(session, id);
  return record && record->state == State::compensating && !record->failure;
}
std::optional<Record> Runner::retry(sql::Transaction& transaction, const std::string& id, Entry entry) {
  return change(transaction, id, State::stuck, State::compensating, std::move(entry));
}
std::optional<Record> Runner::abandon(sql::Transaction& transaction, const std::string& id, Entry entry) {
  return change(transaction, id, State::stuck, State::abandoned, std::move(entry));
}

std::shared_ptr<Event> Runner::launch(Record record, std::unique_ptr<Instance> instance, const Call& cause) {
  const auto& trace = cause.origin->trace;
  auto origin = Origin::of(record.id, trace.id.is_none() ? std::nullopt : std::optional(trace));
  // With no caller: its steps do not end with the user's token.
  Call call{.origin = std::make_shared<const Origin>(std::move(origin)), .span = cause.span};
  auto ended = std::make_shared<Event>();
  {
    const std::lock_guard lock(mutex_);
    ++active_;
  }
  detach(drive(std::move(record), std::move(instance), std::move(call), ended));
  return ended;
}

Task<> Runner::drive(Record record, std::unique_ptr<Instance> instance, Call call, std::shared_ptr<Event> ended) {
  auto span = Span::begin(call, definition_.name, "saga", SpanKind::saga);
  try {
    auto advancing = advance(record, *instance, call);
    co_await advancing;
  } catch (const std::exception& defect) {
    // Its lease runs out, and it is taken up again: perhaps by a process that has no such defect.
    log::error("saga_broken", {{"saga", record.id}, {"what", defect.what()}});
  }
  span.end(to_name(record.state));
  ended->happen();
  const std::lock_guard lock(mutex_);
  --active_;
  idle_.notify_all();
}

// Turns a saga back because of the step it is at, to be undone from the step `last` on.
void Runner::turn_at(Record& record, int last, std::string reason, std::string detail) const {
  record.failure = Failure{std::string(definition_.steps[static_cast<std::size_t>(record.step)].forward),
                           std::move(reason), std::move(detail)};
  record.state = State::compensating;
  record.step = last;
  record.attempt = 1;
}

Task<> Runner::advance(Record& record, Instance& instance, const Call& call) {
  const int count = static_cast<int>(definition_.steps.size());
  std::vector<Entry> entries;  // not yet on disk
  while (!stopping_) {
    const bool forward = record.state == State::forward;
    if (record.step < 0 || record.step == count) {
      record.state = forward ? State::done : State::undone;
      auto settling = save(record, entries, &instance, call);
      co_await settling;
      co_return;
    }
    const auto step = static_cast<std::size_t>(record.step);
    if (forward) record.reached = std::max(record.reached, static_cast<int>(instance.begins(step)));
    const auto& names = definition_.steps[step];
    if (!forward && names.undo.empty()) {
      --record.step;
      continue;
    }
    if (record.lease_until - clock_.now() < milliseconds{2 * options_.step_timeout_ms}) {
      auto renewing = save(record, entries, nullptr, call);
      const bool still_ours = co_await renewing;
      if (!still_ours) co_return;
    }

    auto a_try = call.within(milliseconds{options_.step_timeout_ms});
    auto trying = forward ? instance.forward(step, std::move(a_try)) : instance.undo(step, std::move(a_try));
    auto result = co_await trying;
    Entry entry{std::string(forward ? names.forward : names.undo), record.attempt, "done", clock_.now(), ""};
    if (result) {
      entries.push_back(std::move(entry));
      record.step += forward ? 1 : -1;
      record.attempt = 1;
      continue;
    }
    const Error& error = result.error();
    entry.outcome = outcome_of(error.code);
    entry.detail = detail_of(error);
    entries.push_back(std::move(entry));

    const bool refused = is_refusal(error.code);
    const bool in_vain = record.attempt >= (forward ? options_.forward_attempts : options_.undo_attempts);
    auto pause = milliseconds{0};
    if (!forward && (refused || in_vain)) {
      log::error("saga_stuck", {{"saga", record.id}, {"step", names.undo}, {"reason", error.reason}});
      record.state = State::stuck;
    } else if (refused) {
      // Refused at its first try, it has not happened. After another try it may have, whatever is answered now.
      const bool never_happened = record.attempt == 1 && record.reached == record.step;
      turn_at(record, never_happened ? record.step - 1 : record.reached, error.reason, error.detail);
      if (record.step < 0) continue;
    } else if (in_vain) {
      turn_at(record, record.reached, std::string(names.forward) + "_failed",
              "It could not be done in time, and was undone");
    } else {
      ++record.attempt;
      pause = pause_before_try(record.attempt, forward);
      log::warn("saga_retried", {{"saga", record.id},
                                 {"step", forward ? names.forward : names.undo},
                                 {"attempt", record.attempt},
                                 {"reason", error.reason}});
    }
    record.lease_until = clock_.now() + pause + milliseconds{options_.lease_ms};
    auto saving = save(record, entries, record.state == State::stuck ? &instance : nullptr, call);
    const bool still_ours = co_await saving;
    if (!still_ours || record.state == State::stuck) co_return;
    if (pause > milliseconds{0}) {
      const auto stop = stop_event();
      auto waiting = stop->wait_until(Steady::now() + pause);
      co_await waiting;
    }
  }
}

Task<bool> Runner::save(Record& record, std::vector<Entry>& entries, Instance* settling, const Call& call) {
  const Time now = clock_.now();
  record.lease_until = std::max(record.lease_until, now + milliseconds{options_.lease_ms});
  if (settling) settling->conclude(record.state, record.failure ? &*record.failure : nullptr, call);
  auto writing = database_.write(Steady::now() + milliseconds{options_.lease_ms},
                                 [&, happened = lines_of(entries)](sql::Transaction& transaction) -> Result<Nothing> {
                                   if (!update(transaction, record, record.fence, happened))
                                     return fail(Code::conflict, "lease_lost", "Another process has taken the saga up");
                                   if (settling) settling->settle(transaction);
                                   return Nothing{};
                                 });
  auto saved = co_await writing;
  if (saved) {
    entries.clear();
    if (settling) settling->settled();
    co_return true;
  }
  log::warn("saga_let_go", {{"saga", record.id}, {"reason", saved.error().reason}});
  co_return false;
}

// Many sagas that failed together do not come back together.
milliseconds Runner::pause_before_try(int attempt, bool forward) const {
  const resilience::BackoffOptions backoff{
      options_.backoff_ms, forward ? options_.forward_backoff_limit_ms : options_.undo_backoff_limit_ms};
  return resilience::pause_before(backoff, attempt - 1, random_unit());
}

// When a lease that is written now ends at the latest. One that ends behind that was written before the clock was set
// back, and whoever wrote it renews it soon if it lives.
Time Runner::latest_lease(Time now) const {
  const auto longest_pause = std::max(options_.forward_backoff_limit_ms, options_.undo_backoff_limit_ms);
  return now + milliseconds{longest_pause + 2 * options_.lease_ms};
}

std::shared_ptr<Event> Runner::stop_event() {
  const std::lock_guard lock(mutex_);
  auto& event = stops_[&Loop::current()];
  if (!event) event = std::make_shared<Event>();
  if (stopping_) event->happen();
  return event;
}

void Runner::start(Loop& loop) {
  {
    const std::lock_guard lock(mutex_);
    ++active_;
  }
  loop.post([this] { detach(watch()); });
}

Task<> Runner::watch() {
  const auto stop = stop_event();
  while (!stopping_) {
    std::vector<std::string> lapsed;
    try {
      lapsed = database_.read([&](sql::Session& session) {
        const Time now = clock_.now();
        return find_lapsed(session, now, latest_lease(now), taken_up_at_once);
      });
    } catch (const std::exception& failure) {
      log::error("sagas_not_read", {{"what", failure.what()}});
    }
    for (auto& id : lapsed) {
      auto taking = take_up(std::move(id));
      co_await taking;
    }
    auto waiting = stop->wait_until(Steady::now() + milliseconds{options_.poll_ms});
    co_await waiting;
  }
  const std::lock_guard lock(mutex_);
  --active_;
  idle_.notify_all();
}

Task<> Runner::take_up(std::string id) {
  auto claiming = database_.write(
      Steady::now() + milliseconds{options_.lease_ms},
      [&](sql::Transaction& transaction) -> Result<std::optional<Record>> {
        const Time now = clock_.now();
        auto record = find(transaction, id);
        const bool at_work = record && (record->state == State::forward || record->state == State::compensating);
        if (!at_work || (record->lease_until > now && record->lease_until <= latest_lease(now))) return std::nullopt;
        const auto held = record->fence++;
        ++record->attempt;
        record->reached = static_cast<int>(definition_.steps.size()) - 1;  // nobody wrote down how far it came
        // What was undone is asked for again: whoever is to tell of it was another process.
        if (record->state == State::compensating && record->step != record->reached) {
          record->step = record->reached;
          record->attempt = 1;
        }
        record->owner = owner_;
        record->lease_until = now + milliseconds{options_.lease_ms};
        const Entry resume{"resume", 1, "done", now, ""};
        if (!update(transaction, *record, held, lines_of({&resume, 1}))) return std::nullopt;
        return record;
      });
  auto claimed = co_await claiming;
  if (!claimed || !*claimed) co_return;  // somebody else has it, or the disk does not take it now: looked at again
  try {
    auto instance = definition_.load(id);
    launch(std::move(**claimed), std::move(instance), Call{});
  } catch (const std::exception& failure) {
    log::error("saga_not_loaded", {{"saga", id}, {"what", failure.what()}});
  }
}

void Runner::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const auto& [loop, event] : stops_) loop->post([event = event] { event->happen(); });
  const auto limit = 2 * milliseconds{options_.step_timeout_ms};
  const bool idle = idle_.wait_for(lock, limit, [this] { return active_ == 0; });
  lock.unlock();
  if (!idle) return;  // a step is still being tried: its lease must run out by itself
  const auto released = run_here([this] {
    return database_.write(Steady::now() + seconds{1}, [this](sql::Transaction& transaction) -> Result<Nothing> {
      release_leases(transaction, owner_);
      return Nothing{};
    });
  });
  if (!released) log::warn("leases_not_released", {{"reason", released.error().reason}});
}

}  // namespace svc::saga
