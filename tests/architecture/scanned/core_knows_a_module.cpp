// ERROR: core knows no module
// AT: modules/core/saga/runner.cpp
#include "order/order.h"
