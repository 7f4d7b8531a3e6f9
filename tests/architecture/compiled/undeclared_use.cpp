// ERROR: order/order.h: No such file or directory
// AT: modules/inventory/src/inventory_service.cpp
#include "order/order.h"
