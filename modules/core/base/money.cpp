#include "base/money.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace svc {
namespace {

// ISO 4217, list one, of the active codes: those that have other than two decimals.
constexpr std::array<std::string_view, 16> without_decimals{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                                            "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> with_three_decimals{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};

std::size_t decimals_of(std::string_view currency) {
  if (std::ranges::find(without_decimals, currency) != without_decimals.end()) return 0;
  return std::ranges::find(with_three_decimals, currency) != with_three_decimals.end() ? 3 : 2;
}

}  // namespace

std::string to_text(const Money& money) {
  const bool negative = money.amount < 0;
  const auto magnitude = static_cast<std::uint64_t>(money.amount);
  std::string digits = std::to_string(negative ? 0 - magnitude : magnitude);
  const auto decimals = decimals_of(money.currency);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  const auto whole = digits.size() - decimals;
  std::string text = digits.substr(0, whole);
  for (auto at = whole; at > 3; at -= 3) text.insert(at - 3, ",");
  if (decimals > 0) text += "." + digits.substr(whole);
  return (negative ? "-" : "") + text + " " + money.currency;
}

}  // namespace svc
