#include "registry_service.h"

#include <algorithm>

#include "async/counted.h"

namespace svc::registry {
namespace {

// All services of this system have the same key, so that none of them can be told from another for sure.
Owner owner_of(const Call& call) {
  if (call.from_service || call.caller == nullptr) return {};
  return {call.caller->subject};
}

}  // namespace

Reply<Register> RegistryService::handle(Call call, Register command) {
  if (const auto why = hosts_.refuses(command.host)) {
    Error error{Code::invalid, "host_refused", "This host may not be registered"};
    error.violations.push_back({"/host", "allowed", *why});
    return fail(std::move(error));
  }
  return table_.put(command, owner_of(call), clock_.now());
}

Reply<Renew> RegistryService::handle(Call call, Renew command) {
  return table_.renew(command, owner_of(call), clock_.now());
}

Reply<Deregister> RegistryService::handle(Call call, Deregister command) {
  return table_.remove(command, owner_of(call), clock_.now());
}

Reply<Discover> RegistryService::handle(Call, Discover query) { return table_.discover(query, clock_.now()); }

Reply<ListServices> RegistryService::handle(Call, ListServices) { return table_.list(clock_.now()); }

Reply<GetService> RegistryService::handle(Call, GetService query) {
  return table_.list(query.service_name, clock_.now());
}

Reply<Watch> RegistryService::handle(Call call, Watch query) {
  const Counted counted(watching_);
  if (counted.number() > watchers_ && !call.from_service) {
    Error error{Code::unavailable, "too_many_watchers", "Too many wait for a change already"};
    error.retry_after = 5;
    co_return fail(std::move(error));
  }
  // An answer without news, in time, is worth more than one that comes when nobody waits for it any more.
  constexpr milliseconds to_travel{200};
  const auto limit = std::min(Steady::now() + seconds{query.timeout}, call.deadline - to_travel);
  while (true) {
    const auto heard = changed_.rings();
    auto news = table_.news(query, clock_.now());
    if (news.reset || news.changes) co_return news;
    if (ending_ || Steady::now() >= limit) {
      news.changes.emplace();
      co_return news;
    }
    auto waiting = changed_.wait_until(heard, limit);
    co_await waiting;
  }
}

void RegistryService::end_watching() {
  ending_ = true;
  changed_.ring();
}

}  // namespace svc::registry
