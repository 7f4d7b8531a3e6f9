// ERROR: slow headers are included by *_http.cpp and *_events.cpp only
// AT: modules/order/src/order_service.cpp
#include "http/outside_of.h"
