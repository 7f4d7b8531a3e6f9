#include "http/outside_of.h"
#include "user/user.h"

template struct svc::http::Outside<svc::user::Users>;
