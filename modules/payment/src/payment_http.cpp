#include "http/outside_of.h"
#include "payment/payment.h"

template struct svc::http::Outside<svc::payment::Payments>;
