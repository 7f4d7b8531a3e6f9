#include "explain.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <vector>

#include "base/ids.h"

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

// The spans of a trace, each below the one that asked for it.
class Tree {
 public:
  explicit Tree(std::vector<Remembered> spans) : spans_(std::move(spans)) {
    std::ranges::sort(spans_, {}, [](const Remembered& known) { return known.span.start_us; });
    std::set<std::string> ids;
    for (const auto& known : spans_) ids.insert(known.span.span_id);
    for (const auto& known : spans_) {
      const auto& parent = known.span.parent_id;
      below_[parent != known.span.span_id && ids.contains(parent) ? parent : ""].push_back(&known);
    }
  }

  std::string text() {
    rows_ = {{"AT", "TOOK", "WHAT", "OUTCOME", "PROCESS"}};
    add_below("", 0);
    const auto begun = Time{spans_.front().span.start_us / 1000};
    return "trace " + spans_.front().span.trace_id + ", " + to_rfc3339(begun) + "\n" + table(std::move(rows_));
  }

 private:
  void add_below(const std::string& parent, std::size_t depth) {
    auto children = below_.extract(parent);  // each once, whatever two processes may say of whose parent is whose
    if (children.empty()) return;
    for (const auto* known : children.mapped()) {
      const auto& span = known->span;
      rows_.push_back({"+" + milliseconds_of(span.start_us - spans_.front().span.start_us),
                       milliseconds_of(span.duration_us), std::string(2 * depth, ' ') + what_of(span), span.outcome,
                       known->process});
      add_below(span.span_id, depth + 1);
    }
  }

  std::vector<Remembered> spans_;
  std::map<std::string, std::vector<const Remembered*>> below_;  // by the parent's id; "": nobody's
  std::vector<Row> rows_;
};

class Explainer {
 public:
  Explainer(const Settings& settings, std::string id) : operator_(settings, "svc explain"), id_(std::move(id)) {}

  Task<Report> run() {
    auto listing = operator_.services();
    const auto directory = co_await listing;
    for (const auto& process : operator_.processes(directory))
      processes_.push_back({process, operator_.administration(process)});

    auto asking = ask_for_spans(id_);
    co_await asking;
    std::set<std::string> traces, orders;
    for (const auto& [span, known] : spans_) traces.insert(known.span.trace_id);
    for (const auto& trace : traces) {
      if (trace == id_ || asked_ >= asked_for_at_most) continue;
      auto going_on = ask_for_spans(trace);
      co_await going_on;
    }
    if (is_uuid(id_)) orders.insert(id_);
    for (const auto& [span, known] : spans_)
      if (known.span.kind == SpanKind::saga && known.span.request_id && orders.size() < asked_for_at_most)
        orders.insert(*known.span.request_id);
    Report report;
    for (const auto& order : orders) {
      auto telling = tell_order(order);
      report.text += co_await telling;
    }
    report.text += traces_told();
    report.ok = !report.text.empty();
    if (!report.ok) report.text = "Nothing is known of " + id_ + ".\n";
    if (more_) report.text += "There are older spans than are told here.\n";
    for (const auto& who : silent_) report.text += "No answer from " + who + "\n";
    co_return report;
  }

 private:
  struct Process {
    http::Address address;
    std::unique_ptr<Administration> administration;
  };

  // All processes at once: one that is silent keeps nobody waiting for the others.
  Task<> ask_for_spans(std::string id) {
    ++asked_;
    std::vector<std::pair<std::string, Reply<FindSpans>>> asked;
    for (const auto& [address, administration] : processes_)
      asked.emplace_back(text_of(address), administration->handle(operator_.call(), FindSpans{id}));
    for (auto& [process, reply] : asked) {
      auto spans = co_await reply;
      if (!spans) silent_.insert(process + ": " + spans.error().detail);
      if (!spans) continue;
      more_ = more_ || spans->more;
      for (auto& span : spans->items) {
        const auto known = span.span_id;
        spans_.try_emplace(known, Remembered{std::move(span), process});
      }
    }
  }

  // By the first process that can say. Nothing, when there is no such order.
  Task<std::string> tell_order(std::string id) {
    std::string trouble;
    for (const auto& process : processes_) {
      auto asking = process.administration->handle(operator_.call(), TellOrder{id});
      auto story = co_await asking;
      if (story) co_return text_of_story(*story) + "\n";
      if (story.error().code == Code::not_found) co_return std::string();
      trouble = "It is not known whether " + id + " is an order: " + story.error().detail + "\n\n";
    }
    co_return trouble;
  }

  std::string traces_told() {
    std::map<std::string, std::vector<Remembered>> traces;
    for (auto& [id, known] : spans_) traces[known.span.trace_id].push_back(std::move(known));
    std::string text;
    for (auto& [id, spans] : traces) text += (text.empty() ? "" : "\n") + Tree(std::move(spans)).text();
    return text;
  }

  Operator operator_;
  const std::string id_;
  std::vector<Process> processes_;
  std::map<std::string, Remembered> spans_;  // by id: two processes of one test may remember the same
  std::set<std::string> silent_;
  std::size_t asked_ = 0;
  bool more_ = false;
};

}  // namespace

Report explain_report(const Settings& settings, const std::string& id) {
  if (auto missing = missing_keys(settings)) return std::move(*missing);
  Explainer explainer(settings, id);
  return run_here([&] { return explainer.run(); });
}

}  // namespace svc::app
