#include "parked.h"

#include "base/encode.h"

namespace svc::app {
namespace {

using What = EventsCommand::What;

std::string text_of(const ParkedEvent& parked) {
  std::vector<std::vector<std::string>> rows{{"event", parked.event.id},
                                             {"consumer", parked.consumer},
                                             {"type", parked.event.type + " of " + parked.event.source + ", version " +
                                                          std::to_string(parked.event.dataversion)},
                                             {"subject", parked.event.subject},
                                             {"time", to_rfc3339(parked.event.time)},
                                             {"state", std::string(to_name(parked.state))},
                                             {"attempts", std::to_string(parked.attempts)},
                                             {"reason", parked.reason},
                                             {"detail", parked.detail},
                                             {"parked", to_rfc3339(parked.parked_at)}};
  if (parked.next_try_at) rows.push_back({"next try", to_rfc3339(*parked.next_try_at)});
  return table(rows) + "data\n" + parked.event.data.text + "\n";
}

// Parked events are few, or the first page says enough: --consumer and the API lead further.
std::string text_of(const EventsReport& report) {
  std::vector<std::vector<std::string>> events{{"CONSUMER", "EVENT", "TYPE", "SUBJECT", "STATE", "ATTEMPTS", "REASON"}};
  std::vector<std::vector<std::string>> consumers{
      {"CONSUMER", "RETRYING", "PARKED", "BEHIND", "FROM", "LAG", "TROUBLE"}};
  bool more = false;
  for (const auto& [name, page, trouble] : report.items) {
    if (!page) {
      consumers.push_back({name, "?", "?", "?", "-", "-", trouble.value_or("")});
      continue;
    }
    more = more || page->next_cursor;
    for (const auto& parked : page->items)
      events.push_back({name, parked.event.id, parked.event.type, parked.event.subject,
                        std::string(to_name(parked.state)), std::to_string(parked.attempts), parked.reason});
    std::vector<std::string> begin{name, std::to_string(page->retrying), std::to_string(page->parked),
                                   std::to_string(page->behind)};
    if (page->feeds.empty()) consumers.push_back(begin);
    for (const auto& feed : page->feeds) {
      auto row = begin;
      row.insert(row.end(), {feed.module, std::to_string(feed.lag), feed.trouble.value_or("")});
      consumers.push_back(std::move(row));
    }
  }
  return table(consumers) + "\n" + (events.size() == 1 ? "No event is parked.\n" : table(events)) +
         (more ? "There are more: these are the first of each consumer.\n" : "");
}

class Asker {
 public:
  Asker(const Settings& settings, const EventsCommand& command)
      : operator_(settings, "svc events"), command_(command) {}

  Task<Report> run() {
    auto listing = operator_.services();
    const auto directory = co_await listing;
    std::string silent;
    for (const auto& process : operator_.processes(directory)) {
      const auto administration = operator_.administration(process);
      auto asking = ask(*administration);
      auto report = co_await asking;
      if (report) co_return std::move(*report);
      if (!is_silence(report.error())) co_return Report{report.error().detail + "\n", false};
      silent += "No answer from " + svc::app::text_of(process) + ": " + report.error().detail + "\n";
    }
    co_return Report{silent.empty() ? "No process of the system is known to the registry.\n" : silent, false};
  }

 private:
  static bool is_silence(const Error& error) { return error.code == Code::unavailable || error.code == Code::timeout; }

  Task<Result<Report>> ask(Administration& administration) {
    std::string consumer = command_.consumer;
    auto listing = administration.handle(
        operator_.call(),
        ListEvents{consumer.empty() ? std::nullopt : std::optional(consumer), page_limit, std::nullopt});
    auto report = co_await listing;
    if (!report) co_return refusal(report);
    if (command_.what == What::list) co_return Report{text_of(*report), true};
    // Whoever has it: it may be parked in several modules, and then --consumer has to say which is meant.
    std::vector<ParkedEvent> found;
    std::string unasked;
    for (const auto& item : report->items) {
      if (!item.events) unasked += (unasked.empty() ? "; not asked could be " : ", ") + item.consumer;
      if (!item.events) continue;
      auto looking = administration.handle(operator_.call(), GetEvent{item.consumer, command_.id});
      auto parked = co_await looking;
      if (parked) found.push_back(std::move(*parked));
      else if (parked.error().code != Code::not_found) co_return refusal(parked);
    }
    if (found.empty()) co_return fail(Code::not_found, "not_found", "No such event is parked" + unasked);
    if (found.size() > 1)
      co_return fail(Code::conflict, "many", "It is parked in several modules: say which with --consumer");
    if (command_.what == What::show) co_return Report{text_of(found.front()), true};
    consumer = found.front().consumer;
    auto changing = change(administration, consumer);
    auto changed = co_await changing;
    if (!changed) co_return refusal(changed);
    const bool settled = changed->state == ParkedState::done || changed->state == ParkedState::dropped;
    co_return Report{settled ? command_.id + " is " + std::string(to_name(changed->state)) + "\n" : text_of(*changed),
                     settled};
  }

  Reply<GetEvent> change(Administration& administration, const std::string& consumer) {
    if (command_.what == What::retry) return administration.handle(operator_.call(), RetryEvent{consumer, command_.id});
    return administration.handle(operator_.call(), DropEvent{consumer, command_.id});
  }

  Operator operator_;
  const EventsCommand& command_;
};

}  // namespace

Report events_report(const Settings& settings, const EventsCommand& command) {
  if (auto missing = missing_keys(settings)) return std::move(*missing);
  Asker asker(settings, command);
  return run_here([&] { return asker.run(); });
}

}  // namespace svc::app
