// Pauses between tries.
#include "resilience/backoff.h"

#include <array>

#include "base/ids.h"
#include "support/catch.h"

namespace {

using namespace svc;
using namespace svc::resilience;

constexpr double most = 0x1.fffffffffffffp-1;  // the greatest below 1

TEST_CASE("the longest pause doubles with each retry up to the limit") {
  const BackoffOptions options{100, 1'500};
  CHECK(pause_before(options, 1, most) == milliseconds{100});
  CHECK(pause_before(options, 2, most) == milliseconds{200});
  CHECK(pause_before(options, 3, most) == milliseconds{400});
  CHECK(pause_before(options, 4, most) == milliseconds{800});
  CHECK(pause_before(options, 5, most) == milliseconds{1'500});
  CHECK(pause_before(options, 1'000'000'000'000, most) == milliseconds{1'500});
}

TEST_CASE("the greatest options do not overflow") {
  const BackoffOptions options{60'000, 3'600'000};
  CHECK(pause_before(options, 40, most) == milliseconds{3'600'000});
}

TEST_CASE("full jitter: every pause from none to the longest is as likely as another") {
  const BackoffOptions options{3, 100};
  CHECK(pause_before(options, 1, 0.0) == milliseconds{0});
  std::array<int, 4> seen{};
  for (int i = 0; i < 1'000; ++i) ++seen.at(static_cast<std::size_t>(pause_before(options, 1, i / 1'000.0).count()));
  CHECK(seen == std::array{250, 250, 250, 250});
}

TEST_CASE("a limit below the first pause is refused") {
  Violations found;
  check(BackoffOptions{100, 50}, found);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pointer == "/limit_ms");
}

}  // namespace
