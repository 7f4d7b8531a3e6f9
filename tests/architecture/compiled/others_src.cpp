// ERROR: payment_store.h: No such file or directory
// AT: modules/order/src/order_service.cpp
#include "payment_store.h"
