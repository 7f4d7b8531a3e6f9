// ERROR: only app makes modules
// AT: modules/order/src/module.cpp
#include "payment/module.h"
