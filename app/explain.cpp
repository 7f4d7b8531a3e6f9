#include "explain.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/ids.h"
#include "contract/trace.h"

namespace svc::app {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t asked_for_at_most = 10;  // traces and orders: a client may give many requests one trace

struct Remembered {
  SpanTold span;
  std::string process;
};

std::string milliseconds_of(std::int64_t microseconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f ms", static_cast<double>(microseconds) / 1000);
  return text.data();
}

std::string what_of(const SpanTold& span) {
  switch (span.kind) {
    case SpanKind::link: return "asks " + span.service + " for " + span.operation;
    case SpanKind::event: return span.service + " hears " + span.operation;
    default: return span.service + " " + span.operation;
  }
}

std::string text_of_story(const OrderStory& story) {
  const auto& order = story.order;
  std::string lines;
  for (const auto& line : order.items)
    lines += (lines.empty() ? "" : ", ") + std::to_string(line.quantity) + " x " + line.sku;
  std::vector<Row> head{
      {"order", order.id},
      {"status", std::string(to_name(order.status))},
      {"user", order.user_id},
      {"items", lines},
      {"total", std::to_string(order.total_amount.amount) + " " + order.total_amount.currency + " (minor units)"},
      {"created", to_rfc3339(order.created_at)},
      {"updated", to_rfc3339(order.updated_at)}};
  if (order.failure)
    head.push_back({"failure", std::string(to_name(order.failure->step)) + ": " + order.failure->code + ", " +
                                   order.failure->detail});
  if (story.payment)
    head.push_back({"payment", story.payment->id + ", " + std::string(to_name(story.payment->status))});
  if (story.trouble) head.push_back({"not known", *story.trouble});
  std::vector<Row> steps{{"STEP", "ATTEMPT", "OUTCOME", "AT", "DETAIL"}};
  for (const auto& entry : story.timeline)
    steps.push_back({entry.step, std::to_string(entry.attempt), entry.outcome, to_rfc3339(entry.at), entry.detail});
  return table(head) + "\n" + table(steps);
}

// Stands before what was asked for by a span that is not told of.
constexpr std::string_view orphan_mark = "(..) ";

// The spans of a trace, each below the one that asked for it.
class Tree {
 public:
  explicit Tree(std::vector<Remembered> spans) : spans_(std::move(spans)) {
    std::ranges::sort(spans_, {}, [](const Remembered& known) { return known.span.start_us; });
    for (const auto& known : spans_) ids_.insert(known.span.span_id);
    for (const auto& known : spans_) {
      const auto& parent = known.span.parent_id;
      below_[parent != known.span.span_id && ids_.contains(parent) ? parent : ""].push_back(&known);
    }
  }

  std::string text() {
    rows_ = {{"AT", "TOOK", "WHAT", "OUTCOME", "PROCESS"}};
    add_below("", 0);
    const auto begun = Time{spans_.front().span.start_us / 1000};
    return "trace " + spans_.front().span.trace_id + ", " + to_rfc3339(begun) + "\n" + table(std::move(rows_)) +
           (orphans_
                ? std::string(orphan_mark) + "was asked for by what still goes on, is forgotten, or is none of ours.\n"
                : "");
  }

 private:
  // A request's parent is its client's, and what begins a trace of its own has the other half of the trace's id.
  bool is_orphan(const SpanTold& span) const {
    return span.kind != SpanKind::gateway && !ids_.contains(span.parent_id) && !span.trace_id.ends_with(span.parent_id);
  }

  void add_below(const std::string& parent, std::size_t depth) {
    auto children = below_.extract(parent);  // each once, whatever two processes may say of whose parent is whose
    if (children.empty()) return;
    for (const auto* known : children.mapped()) {
      const auto& span = known->span;
      const bool orphan = is_orphan(span);
      orphans_ = orphans_ || orphan;
      rows_.push_back({"+" + milliseconds_of(span.start_us - spans_.front().span.start_us),
                       milliseconds_of(span.duration_us),
                       std::string(2 * depth, ' ') + std::string(orphan ? orphan_mark : "") + what_of(span),
                       span.outcome, known->process});
      add_below(span.span_id, depth + 1);
    }
  }

  std::vector<Remembered> spans_;
  std::set<std::string> ids_;
  std::map<std::string, std::vector<const Remembered*>> below_;  // by the parent's id; "": nobody's
  std::vector<Row> rows_;
  bool orphans_ = false;
};

class Explainer {
 public:
  Explainer(const Settings& settings, std::string id) : operator_(settings, "svc explain"), id_(std::move(id)) {}

  Task<Report> run() {
    auto listing = operator_.services();
    const auto directory = co_await listing;
    for (const auto& process : operator_.processes(directory))
      processes_.push_back({process, operator_.administration(process), false});

    auto asking = ask_for_spans({id_});
    co_await asking;
    std::vector<std::string> traces, orders;
    if (is_uuid(id_)) orders.push_back(id_);
    const auto told_already = to_text(keys_of(id_).trace);
    for (const auto& [id, known] : spans_)
      if (known.span.trace_id != told_already) add(traces, known.span.trace_id);
    auto going_on = ask_for_spans(traces);
    co_await going_on;
    // A saga's steps are done in the name of its order, which is not that of the request that began it.
    for (const auto& [id, known] : spans_)
      if (known.span.request_id && known.span.kind != SpanKind::gateway) add(orders, *known.span.request_id);
    auto telling = tell_orders(orders);
    Report report;
    report.text = co_await telling;
    report.text += traces_told();
    report.ok = !report.text.empty();
    if (!report.ok) report.text = "Nothing is known of " + printable(id_) + ".\n";
    report.text += notices();
    if (!directory) report.text += without_registry();
    co_return report;
  }

 private:
  struct Process {
    http::Address address;
    std::unique_ptr<Administration> administration;
    bool is_silent;
  };

  // Adds what is not there yet, if there is room.
  void add(std::vector<std::string>& list, const std::string& id) {
    if (std::ranges::find(list, id) != list.end()) return;
    if (list.size() < asked_for_at_most) list.push_back(id);
    else more_ids_ = true;
  }

  void note_silent(Process& process, const Error& why) {
    if (!std::exchange(process.is_silent, true))
      silent_ += "No answer from " + text_of(process.address) + ": " + printable(why.detail) + "\n";
  }

  // All at once, here and below: one that is silent keeps nobody waiting for the others.
  template <class Op>
  auto ask_all(const std::vector<std::string>& ids) {
    struct Asked {
      std::string id;
      Process* process;
      Reply<Op> reply;
    };
    std::vector<Asked> asked;
    for (const auto& id : ids)
      for (auto& process : processes_)
        if (!process.is_silent)
          asked.push_back({id, &process, process.administration->handle(operator_.call(), Op{id})});
    return asked;
  }

  Task<> ask_for_spans(std::vector<std::string> ids) {
    auto asked = ask_all<FindSpans>(ids);
    for (auto& [id, process, reply] : asked) {
      auto spans = co_await reply;
      if (!spans) note_silent(*process, spans.error());
      if (!spans) continue;
      more_spans_ = more_spans_ || spans->more;
      for (auto& span : spans->items) {
        const auto known = span.span_id;
        spans_.try_emplace(known, Remembered{std::move(span), text_of(process->address)});
      }
    }
  }

  // Of those that are orders: what the first process says that can.
  Task<std::string> tell_orders(std::vector<std::string> ids) {
    std::map<std::string, std::string> told, untold;
    auto asked = ask_all<TellOrder>(ids);
    for (auto& [id, process, reply] : asked) {
      auto story = co_await reply;
      if (story) told.try_emplace(id, text_of_story(*story) + "\n");
      else if (story.error().code == Code::not_found) told.try_emplace(id, "");
      else untold.try_emplace(id, printable(story.error().detail));
    }
    std::string text;
    for (const auto& id : ids) {
      if (told.contains(id)) text += told[id];
      else if (untold.contains(id) || id == id_)
        unknown_ += "Whether " + id + " is an order is not known: " + untold[id] + "\n";
    }
    co_return text;
  }

  std::string traces_told() {
    std::map<std::string, std::vector<Remembered>> traces;
    for (auto& [id, known] : spans_) traces[known.span.trace_id].push_back(std::move(known));
    std::string text;
    for (auto& [id, spans] : traces) text += (text.empty() ? "" : "\n") + Tree(std::move(spans)).text();
    return text;
  }

  std::string without_registry() const {
    auto text = "The registry at " + text_of(operator_.registry_at()) +
                " does not answer: other processes than these could not be asked.\n";
    for (const auto& process : processes_)
      if (!process.is_silent) text += "Asked was " + text_of(process.address) + "\n";
    return text;
  }

  std::string notices() const {
    return unknown_ + (more_spans_ ? "There are older spans than are told here.\n" : "") +
           (more_ids_ ? "There are more orders or traces to it than are told here.\n" : "") + silent_;
  }

  Operator operator_;
  const std::string id_;
  std::vector<Process> processes_;
  std::map<std::string, Remembered> spans_;  // by id: two processes of one test may remember the same
  std::string silent_, unknown_;
  bool more_spans_ = false, more_ids_ = false;
};

}  // namespace

Report explain_report(const Settings& settings, const std::string& id) {
  if (auto missing = missing_keys(settings)) return std::move(*missing);
  const auto lower = to_lower(id);  // as UUIDs and traces are written here
  Explainer explainer(settings, is_uuid(lower) || read_trace_id(lower) ? lower : id);
  return run_here([&] { return explainer.run(); });
}

}  // namespace svc::app
