// Consumers: the modules that consume events, as operators ask them, wherever they are.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "contract/call.h"
#include "contract/parked.h"
#include "contract/service.h"

namespace svc::app {

/// What every module that consumes events offers.
struct ConsumerLink {
  std::function<Reply<ListParked>(Call, ListParked)> list;
  std::function<Reply<GetParked>(Call, GetParked)> get;
  std::function<Reply<RetryParked>(Call, RetryParked)> retry;
  std::function<Reply<DropParked>(Call, DropParked)> drop;
};
using Consumers = std::map<std::string, ConsumerLink, std::less<>>;

template <class S>
ConsumerLink consumer_link(S& service) {
  const auto handle = [&service](Call call, auto op) { return service.handle(std::move(call), std::move(op)); };
  return {handle, handle, handle, handle};
}

/// By module. The links must outlive it.
template <class... S>
Consumers consumers_of(S&... links) {
  return {{std::string(S::name), consumer_link(links)}...};
}

}  // namespace svc::app
