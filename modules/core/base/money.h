// Money: an integer count of a currency's minor units. No fractions, no conversions.
#pragma once

#include <cstdint>
#include <string>

#include "base/fields.h"

namespace svc {

struct Money {
  std::int64_t amount = 0;  ///< minor units: cents for USD, won for KRW
  std::string currency;     ///< ISO 4217

  static constexpr std::string_view schema_name = "Money";
  static constexpr auto fields() {
    // 10^15: an order of 100 lines of 10,000 units at the highest price, and exact in a double as well.
    return rows(field(&Money::amount, "amount", "Minor units of the currency: cents for USD, won for KRW",
                      Range{0, 1'000'000'000'000'000}),
                field(&Money::currency, "currency", "Currency, by its code in ISO 4217", is_currency));
  }
  bool operator==(const Money&) const = default;
};

/// For people: "12.34 USD", "15,000 KRW", "1.250 KWD". As many decimals as ISO 4217 gives the currency.
std::string to_text(const Money&);

}  // namespace svc
