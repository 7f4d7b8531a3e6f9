// Administration: what operators may ask of a process, on its operations port or its modules' own ports.
#pragma once

#include <memory>

#include "base/page.h"
#include "contract/parked.h"
#include "contract/service.h"
#include "http/remote_service.h"
#include "story.h"

namespace svc::app {

enum class ModuleState {
  serving,
  drained,    ///< taken out: its calls go to other processes
  not_ready,  ///< something it needs of its own is wrong
};
constexpr auto names(std::type_identity<ModuleState>) {
  return std::array{EnumName{ModuleState::serving, "serving"}, EnumName{ModuleState::drained, "drained"},
                    EnumName{ModuleState::not_ready, "not_ready"}};
}

struct HostedModule {
  std::string name;
  ModuleState state = ModuleState::serving;
  std::optional<std::string> trouble;
  static constexpr std::string_view schema_name = "HostedModule";
  static constexpr auto fields() {
    return rows(field(&HostedModule::name, "name", "The module"),
                field(&HostedModule::state, "state", "Whether its calls stay in this process"),
                field(&HostedModule::trouble, "trouble", "Why it is not ready; absent while it is"));
  }
};

struct BreakerTold {
  std::string operation;
  resilience::BreakerState state = resilience::BreakerState::closed;
  std::int64_t calls = 0, failures = 0, opened = 0, refused = 0;
  static constexpr std::string_view schema_name = "CircuitBreaker";
  static constexpr auto fields() {
    return rows(field(&BreakerTold::operation, "operation", "What it is asked for"),
                field(&BreakerTold::state, "state", "What a call would meet now"),
                field(&BreakerTold::calls, "calls", "Calls the failure rate is taken of"),
                field(&BreakerTold::failures, "failures", "Those of them that failed"),
                field(&BreakerTold::opened, "opened", "How often it has opened"),
                field(&BreakerTold::refused, "refused", "Calls it has refused"));
  }
};

struct InstanceTold {
  std::string instance_id, host;
  int port = 0;
  std::int64_t in_flight = 0;
  resilience::Standing standing = resilience::Standing::serving;
  std::vector<BreakerTold> breakers;
  static constexpr std::string_view schema_name = "InstanceSeen";
  static constexpr auto fields() {
    return rows(field(&InstanceTold::instance_id, "instanceId", "The instance"),
                field(&InstanceTold::host, "host", "Its address or name"),
                field(&InstanceTold::port, "port", "Its port"),
                field(&InstanceTold::in_flight, "inFlight", "Calls sent to it that are not yet answered"),
                field(&InstanceTold::standing, "standing", "Whether calls are sent to it"),
                field(&InstanceTold::breakers, "breakers", "One for each operation asked of it"));
  }
};

struct LinkTold {
  std::string module, via;
  std::int64_t in_flight = 0, waiting = 0, refused = 0, calls = 0, retries = 0;
  std::vector<InstanceTold> instances;
  static constexpr std::string_view schema_name = "Link";
  static constexpr auto fields() {
    return rows(field(&LinkTold::module, "module", "Who is asked"),
                field(&LinkTold::via, "via", "local; a URL; or registry, by which its instances are found"),
                field(&LinkTold::in_flight, "inFlight", "Calls to other processes under way"),
                field(&LinkTold::waiting, "waiting", "Calls that wait for a place in the bulkhead"),
                field(&LinkTold::refused, "refused", "Calls that found the bulkhead full"),
                field(&LinkTold::calls, "calls", "Calls to other processes of late"),
                field(&LinkTold::retries, "retries", "Retries among them"),
                field(&LinkTold::instances, "instances", "Those that may be asked"));
  }
};

struct ProcessStatus {
  std::string version, role;
  std::vector<HostedModule> modules;
  std::vector<LinkTold> links;
  static constexpr std::string_view schema_name = "ProcessStatus";
  static constexpr auto fields() {
    return rows(field(&ProcessStatus::version, "version", "Which svc this is"),
                field(&ProcessStatus::role, "role", "What it was started as"),
                field(&ProcessStatus::modules, "modules", "What it hosts"),
                field(&ProcessStatus::links, "links", "How it reaches each module"));
  }
};

struct GetStatus {
  static constexpr auto fields() { return rows(); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/admin/status",
                                     .name = "get_status",
                                     .summary = "Tells what a process hosts, and how it reaches the rest",
                                     .access = Access::admin,
                                     .retry = Retry::read};
  using Response = ProcessStatus;
};

struct DrainModule {
  std::string name;
  static constexpr auto fields() { return rows(field(&DrainModule::name, "name", "The module")); }
  static constexpr Endpoint endpoint{
      .verb = Verb::post,
      .path = "/admin/modules/{name}/drain",
      .name = "drain_module",
      .summary = "Takes a hosted module out: new calls go to other processes, those under way are finished here",
      .access = Access::admin,
      .retry = Retry::idempotent,
      .fails = {Code::not_found, Code::conflict}};
  using Response = HostedModule;
};

struct ResumeModule {
  std::string name;
  static constexpr auto fields() { return rows(field(&ResumeModule::name, "name", "The module")); }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/admin/modules/{name}/resume",
                                     .name = "resume_module",
                                     .summary = "Takes a drained module in again",
                                     .access = Access::admin,
                                     .retry = Retry::idempotent,
                                     .fails = {Code::not_found, Code::conflict}};
  using Response = HostedModule;
};

/// Events that could not have their effect, by consumer.
struct EventsReport {
  struct OfConsumer {
    std::string consumer;
    std::optional<ParkedPage> events;
    std::optional<std::string> trouble;
    static constexpr std::string_view schema_name = "ConsumerEvents";
    static constexpr auto fields() {
      return rows(field(&OfConsumer::consumer, "consumer", "The module that consumes events"),
                  field(&OfConsumer::events, "events", "Those parked in it; absent when it cannot be asked"),
                  field(&OfConsumer::trouble, "trouble", "Why it cannot be asked"));
    }
  };
  std::vector<OfConsumer> items;
  static constexpr std::string_view schema_name = "EventsReport";
  static constexpr auto fields() {
    return rows(field(&EventsReport::items, "items", "Each module that consumes events"));
  }
};

struct ListEvents {
  std::optional<std::string> consumer;
  int limit = page_default;
  std::optional<std::string> cursor;
  static constexpr auto fields() {
    return rows(field(&ListEvents::consumer, "consumer", "Only those of this module", Length{1, 100}),
                limit_field<ListEvents>(), cursor_field<ListEvents>());
  }
  void check_whole(Violations& found) const {
    if (cursor && !consumer) report(found, {"/consumer", "required", "is needed with cursor"});
  }
  static constexpr Endpoint endpoint{
      .verb = Verb::get,
      .path = "/admin/events",
      .name = "list_events",
      .summary = "Lists events that could not have their effect, and how consumers stand",
      .access = Access::admin,
      .retry = Retry::read,
      .fails = {Code::not_found}};
  using Response = EventsReport;
};

struct GetEvent {
  std::string consumer, id;
  static constexpr auto fields() {
    return rows(field(&GetEvent::consumer, "consumer", "The module that consumes it"),
                field(&GetEvent::id, "id", "The event"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/admin/events/{consumer}/{id}",
                                     .name = "get_event",
                                     .summary = "Reads an event that could not have its effect",
                                     .access = Access::admin,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = ParkedEvent;
};

struct RetryEvent {
  std::string consumer, id;
  static constexpr auto fields() {
    return rows(field(&RetryEvent::consumer, "consumer", "The module that consumes it"),
                field(&RetryEvent::id, "id", "The event"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/admin/events/{consumer}/{id}/retry",
                                     .name = "retry_event",
                                     .summary = "Tries an event again, now; those behind it follow if it goes",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found, Code::conflict}};
  using Response = ParkedEvent;
};

struct DropEvent {
  std::string consumer, id;
  static constexpr auto fields() {
    return rows(field(&DropEvent::consumer, "consumer", "The module that consumes it"),
                field(&DropEvent::id, "id", "The event"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/admin/events/{consumer}/{id}/drop",
                                     .name = "drop_event",
                                     .summary = "Gives an event up; those behind it go on",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found}};
  using Response = ParkedEvent;
};

struct Administration : Service<Administration, GetStatus, DrainModule, ResumeModule, ListEvents, GetEvent, RetryEvent,
                                DropEvent, FindSpans, TellOrder> {
  static constexpr std::string_view name = "operations";
  static constexpr std::string_view summary = "A process and its modules: for operators";
};

}  // namespace svc::app
