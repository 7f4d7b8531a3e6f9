#include "events/outbox.h"

#include <algorithm>
#include <tuple>

#include "contract/trace.h"
#include "events/carrier.h"
#include "events/outbox_store.h"
#include "observe/log.h"
#include "observe/measures.h"

namespace svc::events {
namespace {

constexpr std::size_t page_bytes = 1024 * 1024;  // a page goes beyond by one event: an answer has to end
constexpr milliseconds trim_interval{10'000};
constexpr int trimmed_at_once = 1'000;          // a transaction of others waits for these
constexpr milliseconds note_interval{1'000};    // a reader's progress is written no more often
constexpr milliseconds known_interval{60'000};  // and, where it makes none, at least so often

// Whether `types`, parted by commas, names this one.
bool names(std::string_view types, std::string_view type) {
  if (types.empty()) return true;
  while (!types.empty()) {
    const auto end = std::min(types.find(','), types.size());
    if (types.substr(0, end) == type) return true;
    types.remove_prefix(std::min(end + 1, types.size()));
  }
  return false;
}

// Whether it is another outbox than the reader's: an older one, put back, that may have grown since.
bool is_other(sql::Session& session, const ReadFeed& query, std::int64_t last) {
  if (query.after > last) return true;
  if (query.event.empty()) return false;
  const auto there = event_at(session, query.after);
  return there && *there != query.event;
}

// One look at the outbox; nothing in `items` when there is nothing behind `query.after` yet.
FeedPage look(sql::Session& session, const ReadFeed& query) {
  FeedPage page;
  page.last = last_position(session);
  page.oldest = oldest_position(session).value_or(page.last + 1);
  if (is_other(session, query, page.last)) page.replaced = true;
  else std::tie(page.next, page.event) = std::tie(query.after, query.event);
  std::size_t bytes = 0;
  list_events(session, page.next, query.limit, [&](FeedEntry entry) {
    if (bytes >= page_bytes) return;
    page.next = entry.position;
    page.event = entry.event.id;
    if (!names(query.types, entry.event.type)) return;
    bytes += entry.event.data.text.size();
    page.items.push_back(std::move(entry));
  });
  return page;
}

}  // namespace

Outbox::Outbox(sql::Database& database, std::string module, const Environment& environment)
    : database_(database),
      module_(std::move(module)),
      clock_(environment.clock),
      ids_(environment.ids),
      options_(environment.events.outbox),
      trimmer_("trim_outbox", trim_interval, [this] { return trim(); }),
      sending_(environment.events.carrier.send(*this)) {}

Outbox::~Outbox() = default;

void Outbox::start(Loop& loop) {
  trimmer_.start(loop);
  sending_->start(loop);
}

Envelope Outbox::envelope(const EventInfo& info, std::string_view subject, std::string data, const Call& cause) {
  Envelope event;
  event.id = ids_.next();
  event.type = info.type;
  event.subject = subject;
  event.time = clock_.now();
  event.dataversion = info.version;
  if (const auto& trace = cause.origin->trace; !trace.id.is_none()) event.traceparent = traceparent(trace, cause.span);
  event.data.text = std::move(data);
  return event;
}

void Outbox::publish(sql::Transaction& transaction, const Envelope& prepared) {
  insert_event(transaction, prepared);
  transaction.ring_when_kept(committed_);
}

Reply<ReadFeed> Outbox::handle(Call call, ReadFeed query) {
  detach(note(query.consumer, query.after));
  const auto source = source_of(module_);
  // An answer without news, in time, is worth more than one that comes when nobody waits for it any more.
  constexpr milliseconds to_travel{200};
  const auto limit = std::min(Steady::now() + seconds{query.wait}, call.deadline - to_travel);
  while (true) {
    const auto heard = committed_.rings();
    auto page = database_.read([&](sql::Session& session) { return look(session, query); });
    for (auto& entry : page.items) entry.event.source = source;
    const auto now = Steady::now();
    if (!page.items.empty() || page.replaced || now >= limit) co_return page;
    if (ending_) co_return fail(Code::unavailable, "stopping", "The module is about to stop");
    if (page.next > query.after) {  // over what was not asked for; there may be more behind it
      std::tie(query.after, query.event) = std::tie(page.next, page.event);
      NextTurn turn;
      co_await turn;
      continue;
    }
    auto waiting = committed_.wait_until(heard, std::min(limit, now + look_interval));
    co_await waiting;
  }
}

Task<std::vector<FeedEntry>> Outbox::await_events(std::int64_t after, int most, milliseconds patience) {
  ReadFeed query;
  query.after = after;
  query.limit = most;
  const auto source = source_of(module_);
  const auto limit = Steady::now() + patience;
  while (true) {
    const auto heard = committed_.rings();
    auto page = database_.read([&](sql::Session& session) { return look(session, query); });
    const auto now = Steady::now();
    if (!page.items.empty() || ending_ || now >= limit) {
      for (auto& entry : page.items) entry.event.source = source;
      co_return std::move(page.items);
    }
    auto waiting = committed_.wait_until(heard, std::min(limit, now + look_interval));
    co_await waiting;
  }
}

void Outbox::measure(Measures& measures) const {
  database_.read([&](sql::Session& session) {
    const auto last = last_position(session);
    measures.counter("svc_events_published_total", "Events that a module has told of", {{"module", module_}}, last);
    list_readers(session, [&](const std::string& reader, std::int64_t position) {
      measures.gauge("svc_events_unread", "Events of a module that a reader has not had, as last noted",
                     {{"module", module_}, {"reader", reader}}, last - std::min(position, last));
    });
    return Nothing{};
  });
}

// Notes how far a reader has come, now and then: what is noted late is only kept the longer.
Task<Result<Nothing>> Outbox::note(std::string reader, std::int64_t position) {
  {
    const std::lock_guard lock(mutex_);
    auto& noted = noted_[reader];
    const auto age = Steady::now() - noted.at;
    const bool moved = noted.position != position;
    if (noted.position >= 0 && age < (moved ? note_interval : known_interval)) co_return Nothing{};
    noted = {position, Steady::now()};
  }
  const Time now = clock_.now();  // not asked for later: nobody waits for this, and the outbox may be gone then
  auto writing = database_.write(Steady::now() + seconds{5}, [&](sql::Transaction& transaction) -> Result<Nothing> {
    const bool of_another = position > last_position(transaction);
    note_reader(transaction, reader, of_another ? 0 : position, now);
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

void Outbox::stopping() {
  ending_ = true;
  committed_.ring();
  sending_->stopping();
}

void Outbox::stop() {
  stopping();
  sending_->stop();
  trimmer_.stop();
}

Task<Result<Nothing>> Outbox::trim() {
  const Time now = clock_.now();
  for (int deleted = trimmed_at_once; deleted == trimmed_at_once;) {
    std::vector<std::string> gone;
    auto writing = database_.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) -> Result<int> {
      count_absence(transaction, now);
      gone = forget_readers(transaction, options_.forget_hours);
      return delete_read_events(transaction, now - std::chrono::hours{options_.keep_hours}, options_.keep_events,
                                trimmed_at_once);
    });
    auto written = co_await writing;
    if (!written) co_return refusal(written);
    for (const auto& reader : gone) log::error("event_reader_forgotten", {{"module", module_}, {"reader", reader}});
    deleted = *written;
  }
  co_return Nothing{};
}

}  // namespace svc::events
