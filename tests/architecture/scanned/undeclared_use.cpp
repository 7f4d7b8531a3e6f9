// ERROR: inventory does not declare that it uses order
// AT: modules/inventory/src/inventory_service.cpp
#include "order/order.h"
