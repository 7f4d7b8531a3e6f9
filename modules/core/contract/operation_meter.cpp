#include "contract/operation_meter.h"

#include <algorithm>
#include <utility>

#include "observe/measures.h"

namespace svc {
namespace {

constinit OperationMeter* first = nullptr;

std::size_t stripe_of_thread() {
  static constinit std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void add(std::atomic<std::int64_t>& count, std::int64_t more) { count.fetch_add(more, std::memory_order_relaxed); }

}  // namespace

OperationMeter::OperationMeter(std::string_view service, std::string_view operation)
    : service_(service), operation_(operation), next_(std::exchange(first, this)) {}

void OperationMeter::note(std::optional<Code> failure, Steady::duration took) {
  auto& stripe = stripes_[stripe_of_thread() % stripe_count];
  add(stripe.ended[failure ? static_cast<std::size_t>(*failure) : outcomes - 1], 1);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const auto bucket = std::ranges::lower_bound(bounds_us, us) - bounds_us.begin();
  add(stripe.took[static_cast<std::size_t>(bucket)], 1);
  add(stripe.nanoseconds, std::chrono::nanoseconds(took).count());
}

std::int64_t OperationMeter::sum(auto&& counter) const {
  std::int64_t all = 0;
  for (const auto& stripe : stripes_) all += counter(stripe).load(std::memory_order_relaxed);
  return all;
}

void OperationMeter::measure(Measures& measures) const {
  const Measures::Labels of{{"service", service_}, {"operation", operation_}};
  Measures::Histogram took;
  for (std::size_t i = 0; i < bounds_us.size(); ++i)
    took.buckets.push_back({bounds_us[i], sum([i](const Stripe& s) -> auto& { return s.took[i]; })});
  took.longer = sum([](const Stripe& s) -> auto& { return s.took[bounds_us.size()]; });
  took.sum_ns = sum([](const Stripe& s) -> auto& { return s.nanoseconds; });
  if (took.count() == 0) return;
  measures.histogram("svc_operation_seconds", "How long calls of an operation took, of those that entered here", of,
                     took);
  for (std::size_t i = 0; i < outcomes; ++i) {
    const bool ok = i + 1 == outcomes;
    const auto count = sum([i](const Stripe& s) -> auto& { return s.ended[i]; });
    if (count == 0 && !ok) continue;
    auto labels = of;
    labels.emplace_back("outcome", ok ? "ok" : code_table[i].name);
    measures.counter("svc_operations_total", "Calls of an operation that entered here, by how they ended", labels,
                     count);
  }
}

void OperationMeter::measure_all(Measures& measures) {
  for (const auto* meter = first; meter != nullptr; meter = meter->next_) meter->measure(measures);
}

}  // namespace svc
