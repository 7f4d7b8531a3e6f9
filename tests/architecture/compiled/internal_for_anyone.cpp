// ERROR: operations for services, and only they, are under /internal/
// AT: modules/order/src/order_service.cpp
#include "contract/service.h"
struct Leak {
  static constexpr auto fields() { return rows(); }
  static constexpr svc::Endpoint endpoint{.verb = svc::Verb::get,
                                          .path = "/internal/leak",
                                          .name = "leak",
                                          .summary = "",
                                          .access = svc::Access::anyone,
                                          .retry = svc::Retry::read};
  using Response = svc::Nothing;
};
struct Leaks : svc::Service<Leaks, Leak> {};
