#include "contract/feed.h"
#include "contract/parked.h"
#include "http/outside_of.h"

template struct svc::http::Outside<svc::EventFeed>;
template struct svc::http::Outside<svc::ParkedEvents>;
