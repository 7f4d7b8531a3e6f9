// ERROR: libsodium is used in modules/core/identity only
// AT: modules/order/src/order_service.cpp
#include <sodium.h>
