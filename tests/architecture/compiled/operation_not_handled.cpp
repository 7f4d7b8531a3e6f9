// ERROR: invalid new-expression of abstract class type
// AT: modules/order/src/order_service.cpp
#include "order/order.h"
struct Half : svc::order::Orders {};
svc::order::Orders* make() { return new Half; }
