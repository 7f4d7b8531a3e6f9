// ERROR: payment/module.h: No such file or directory
// AT: modules/order/src/order_service.cpp
#include "payment/module.h"
