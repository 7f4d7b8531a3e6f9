#include "http/outside_of.h"
#include "notification/notification.h"

template struct svc::http::Outside<svc::notification::Notifications>;
