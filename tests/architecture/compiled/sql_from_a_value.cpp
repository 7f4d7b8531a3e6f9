// ERROR: is not a constant expression
// AT: modules/order/src/order_service.cpp
#include "sql/session.h"
bool inject(svc::sql::Session& session, const std::string& name) {
  return session.any(("SELECT 1 FROM orders WHERE id = '" + name + "'").c_str());
}
