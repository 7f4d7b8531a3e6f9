#include "administration_service.h"

#include "observe/log.h"

namespace svc::app {
namespace {

HostedModule told(const std::string& name, const HostedPart& part) {
  HostedModule module{name, ModuleState::serving, part.module != nullptr ? part.module->trouble() : std::nullopt};
  if (part.hosting != nullptr && part.hosting->drained()) module.state = ModuleState::drained;
  else if (module.trouble) module.state = ModuleState::not_ready;
  return module;
}

InstanceTold told(const http::RemoteStatus::OfInstance& seen) {
  InstanceTold instance{
      seen.instance.id, seen.instance.address.host, seen.instance.address.port, seen.outstanding, seen.standing, {}};
  for (const auto& [operation, status] : seen.breakers)
    instance.breakers.push_back(
        {operation, status.state, status.window.calls, status.window.marked, status.opened, status.refused});
  return instance;
}

std::int64_t microseconds_of(auto duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// A Clock tells milliseconds only.
std::int64_t microseconds_now() { return microseconds_of(std::chrono::system_clock::now().time_since_epoch()); }

// `now_us` is the same moment as `now`.
SpanTold told(const Span& span, std::int64_t now_us, Steady::time_point now) {
  return {to_text(span.trace),
          to_text(span.id),
          to_text(span.parent),
          uuid_of(span.request),
          span.kind,
          std::string(span.service),
          std::string(span.operation),
          std::string(span.outcome),
          now_us - microseconds_of(now - span.begun),
          microseconds_of(span.took)};
}

tl::unexpected<Error> no_such_consumer() {
  return fail(Code::not_found, "not_found", "No module of this name consumes events");
}

}  // namespace

Reply<GetStatus> AdministrationService::handle(Call, GetStatus) {
  ProcessStatus status{SVC_VERSION, settings_.general.role, {}, {}};
  for (const auto& [module, part] : hosted_) status.modules.push_back(told(module, part));
  for (const auto& [module, service] : links_.remotes()) {
    const auto remote = service->status(Steady::now());
    LinkTold link{module,
                  links_.via(module),
                  remote.bulkhead.inside,
                  remote.bulkhead.waiting,
                  remote.bulkhead.refused,
                  remote.budget.calls,
                  remote.budget.marked,
                  {}};
    for (const auto& instance : remote.instances) link.instances.push_back(told(instance));
    status.links.push_back(std::move(link));
  }
  return status;
}

Result<HostedModule> AdministrationService::change(const std::string& module, void (Hosting::*action)()) {
  const auto found = hosted_.find(module);
  if (found == hosted_.end()) return fail(Code::not_found, "not_found", "This process hosts no module of this name");
  const auto& part = found->second;
  if (part.hosting == nullptr)
    return fail(Code::conflict, "not_drainable",
                "The link to " + module + " is not auto, so no call to it can go elsewhere");
  (part.hosting->*action)();
  if (part.registration != nullptr) part.registration->look();
  auto state = told(module, part);
  log::info("module_state", {{"module", module}, {"state", to_name(state.state)}});
  return state;
}

Reply<DrainModule> AdministrationService::handle(Call, DrainModule command) {
  return change(command.name, &Hosting::drain);
}

Reply<ResumeModule> AdministrationService::handle(Call, ResumeModule command) {
  return change(command.name, &Hosting::resume);
}

Reply<ListEvents> AdministrationService::handle(Call call, ListEvents query) {
  if (query.consumer && !consumers_.contains(*query.consumer)) co_return no_such_consumer();
  // All at once: one that is silent keeps nobody waiting for the others.
  std::vector<std::pair<std::string, Reply<ListParked>>> asked;
  for (const auto& [consumer, link] : consumers_)
    if (!query.consumer || *query.consumer == consumer)
      asked.emplace_back(consumer, link->handle(call.on_own_account(), ListParked{query.limit, query.cursor}));
  EventsReport report;
  for (auto& [consumer, reply] : asked) {
    auto page = co_await reply;
    if (!page && page.error().code == Code::invalid) co_return refusal(page);
    if (page) report.items.push_back({consumer, std::move(*page), std::nullopt});
    else report.items.push_back({consumer, std::nullopt, page.error().detail});
  }
  co_return report;
}

Reply<GetEvent> AdministrationService::handle(Call call, GetEvent query) {
  const auto found = consumers_.find(query.consumer);
  if (found == consumers_.end()) return no_such_consumer();
  return found->second->handle(call.on_own_account(), GetParked{std::move(query.id)});
}

Reply<RetryEvent> AdministrationService::handle(Call call, RetryEvent command) {
  const auto found = consumers_.find(command.consumer);
  if (found == consumers_.end()) return no_such_consumer();
  return found->second->handle(call.on_own_account(), RetryParked{std::move(command.id)});
}

Reply<DropEvent> AdministrationService::handle(Call call, DropEvent command) {
  const auto found = consumers_.find(command.consumer);
  if (found == consumers_.end()) return no_such_consumer();
  return found->second->handle(call.on_own_account(), DropParked{std::move(command.id)});
}

Reply<FindSpans> AdministrationService::handle(Call, FindSpans query) {
  const auto found = find_spans(query.id, 1'000);
  const auto now = Steady::now();
  const auto now_us = microseconds_now();
  Spans spans;
  spans.more = found.more;
  for (const auto& span : found.spans) spans.items.push_back(told(span, now_us, now));
  return spans;
}

Reply<TellOrder> AdministrationService::handle(Call call, TellOrder query) {
  auto finding = orders_.handle(call, order::GetOrder{query.id});
  auto timing = orders_.handle(call, order::GetTimeline{query.id});
  auto order = co_await finding;
  auto timeline = co_await timing;
  if (!order) co_return refusal(order);
  if (!timeline) co_return refusal(timeline);
  OrderStory story{std::move(*order), std::move(timeline->items), {}, {}};
  if (story.order.payment_id) {
    // Not to the end of the caller's patience: the rest is to be told without it.
    const auto half = (call.deadline - Steady::now()) / 2;
    auto paying = payments_.handle(call.within(half), payment::GetPayment{*story.order.payment_id});
    auto payment = co_await paying;
    if (payment) story.payment = std::move(*payment);
    else story.trouble = "its payment: " + payment.error().detail;
  }
  co_return story;
}

}  // namespace svc::app
