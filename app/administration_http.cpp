#include "administration.h"
#include "http/outside_of.h"

template struct svc::http::Outside<svc::app::Administration>;
