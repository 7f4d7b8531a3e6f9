// ERROR: cpp-httplib is used in modules/core/http only
// AT: modules/gateway/src/upstream.cpp
#include <httplib.h>
