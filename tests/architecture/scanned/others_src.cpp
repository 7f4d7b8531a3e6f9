// ERROR: no module looks into another's src
// AT: modules/order/src/order_saga.cpp
#include "../../payment/src/payment_store.h"
