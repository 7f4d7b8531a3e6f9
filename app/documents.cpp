#include "documents.h"

#include "administration.h"
#include "events/asyncapi.h"
#include "http/openapi.h"
#include "http/outside.h"
#include "inventory/inventory.h"
#include "notification/notification.h"
#include "order/order.h"
#include "payment/payment.h"
#include "registry/registry.h"
#include "user/user.h"

namespace svc::app {

std::string openapi_document() {
  http::OpenApi document;
  http::Outside<user::Users>::describe(document);
  http::Outside<inventory::Inventory>::describe(document);
  http::Outside<order::Orders>::describe(document);
  http::Outside<payment::Payments>::describe(document);
  http::Outside<notification::Notifications>::describe(document);
  http::Outside<registry::Registry>::describe(document);
  http::Outside<Administration>::describe(document);
  return document.print();
}

std::string asyncapi_document() {
  events::AsyncApi document;
  document.describe<user::Users>();
  document.describe<inventory::Inventory>();
  document.describe<order::Orders>();
  document.describe<payment::Payments>();
  return document.print();
}

}  // namespace svc::app
