// A clock that stands where it is put, for pieces that are told the time with each call.
#pragma once

#include "async/loop.h"
#include "base/clock.h"

namespace svc::test {

struct FakeTime {
  Steady::time_point now{std::chrono::hours{1}};
  void advance(milliseconds by) { now += by; }
};

}  // namespace svc::test
