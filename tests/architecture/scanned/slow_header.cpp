// ERROR: slow headers are included by *_http.cpp, *_events.cpp and stored_*.cpp only
// AT: modules/order/src/order_service.cpp
#include "http/outside_of.h"
