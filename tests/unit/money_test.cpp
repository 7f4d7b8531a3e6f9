// Money, for people.
#include "base/money.h"
#include "support/catch.h"

namespace {

using namespace svc;

TEST_CASE("money has as many decimals as ISO 4217 gives its currency") {
  CHECK(to_text({1234, "USD"}) == "12.34 USD");
  CHECK(to_text({15'000, "KRW"}) == "15,000 KRW");
  CHECK(to_text({1250, "KWD"}) == "1.250 KWD");
  CHECK(to_text({5, "EUR"}) == "0.05 EUR");
  CHECK(to_text({0, "JPY"}) == "0 JPY");
  CHECK(to_text({0, "BHD"}) == "0.000 BHD");
}

TEST_CASE("thousands of money stand apart") {
  CHECK(to_text({99'999, "USD"}) == "999.99 USD");
  CHECK(to_text({100'000, "USD"}) == "1,000.00 USD");
  CHECK(to_text({123'456'789, "JPY"}) == "123,456,789 JPY");
  CHECK(to_text({1'000'000'000'000'000, "USD"}) == "10,000,000,000,000.00 USD");
  CHECK(to_text({-123'456, "USD"}) == "-1,234.56 USD");
  CHECK(to_text({std::numeric_limits<std::int64_t>::min(), "KRW"}) == "-9,223,372,036,854,775,808 KRW");
}

}  // namespace
