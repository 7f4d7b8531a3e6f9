// ERROR: libcurl is used in modules/notification/src/mail only
// AT: modules/order/src/order_service.cpp
#include <curl/curl.h>
