// ERROR: the path names something that is no field of the operation
// AT: modules/order/src/order_service.cpp
#include "contract/service.h"
struct Lost {
  std::string id;
  static constexpr auto fields() { return rows(svc::field(&Lost::id, "id", "The id")); }
  static constexpr svc::Endpoint endpoint{.verb = svc::Verb::get,
                                          .path = "/lost/{name}",
                                          .name = "lost",
                                          .summary = "",
                                          .access = svc::Access::anyone,
                                          .retry = svc::Retry::read};
  using Response = svc::Nothing;
};
struct Losts : svc::Service<Losts, Lost> {};
