// ERROR: floor base may not look at http
// AT: modules/core/base/clock.cpp
#include "base/clock.h"

#include "http/message.h"
