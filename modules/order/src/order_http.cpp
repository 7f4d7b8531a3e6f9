#include "http/outside_of.h"
#include "order/order.h"

template struct svc::http::Outside<svc::order::Orders>;
