#include "http/outside_of.h"
#include "registry/registry.h"

template struct svc::http::Outside<svc::registry::Registry>;
