#include "base/rules.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/ids.h"

namespace svc {
namespace {

// ISO 4217, list one, active codes (without funds codes, metals and test codes).
constexpr std::array<std::string_view, 155> currencies{
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND",
    "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE",
    "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD",
    "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD",
    "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO",
    "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF",
    "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND",
    "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG"};
static_assert(std::ranges::is_sorted(currencies));

// RFC 5322 atext.
constexpr bool is_atom(char c) {
  return is_alphanumeric(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

// Labels of RFC 1123: letters, digits and inner hyphens, 63 at most.
bool is_domain(std::string_view domain) {
  std::size_t labels = 0;
  while (true) {
    const auto dot = domain.find('.');
    const auto label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; })) return false;
    ++labels;
    if (dot == std::string_view::npos) return labels >= 2;
    domain.remove_prefix(dot + 1);
  }
}

std::string between(std::int64_t min, std::int64_t max, std::string_view what) {
  return std::to_string(min) + " to " + std::to_string(max) + std::string(what);
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xc2 && lead <= 0xdf   ? 1
                             : (lead & 0xf0) == 0xe0        ? 2
                             : lead >= 0xf0 && lead <= 0xf4 ? 3
                                                            : 0;
    if (more == 0) return false;
    // The second byte bounds the code point (RFC 3629 section 4).
    const auto least = lead == 0xe0 ? 0xa0U : lead == 0xf0 ? 0x90U : 0x80U;
    const auto most = lead == 0xed ? 0x9fU : lead == 0xf4 ? 0x8fU : 0xbfU;
    if (at(i + 1) < least || at(i + 1) > most) return false;
    for (std::size_t next = 2; next <= more; ++next)
      if ((at(i + next) & 0xc0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::optional<Broken> Length::check(std::string_view text) const {
  const auto length = static_cast<std::int64_t>(code_points(text));
  if (length >= min && length <= max) return std::nullopt;
  return Broken{length < min ? "minLength" : "maxLength", between(min, max, " characters")};
}

std::optional<Broken> Range::check(std::int64_t value) const {
  if (value >= min && value <= max) return std::nullopt;
  return Broken{value < min ? "minimum" : "maximum", between(min, max, "")};
}

std::optional<Broken> Items::check_count(std::size_t size) const {
  const auto count = static_cast<std::int64_t>(size);
  if (count >= min && count <= max) return std::nullopt;
  return Broken{count < min ? "minItems" : "maxItems", between(min, max, " entries")};
}

std::optional<Broken> Entries::check_count(std::size_t size) const {
  if (static_cast<std::int64_t>(size) <= max) return std::nullopt;
  return Broken{"maxProperties", between(0, max, " entries")};
}

std::optional<Broken> Entries::check_entry(std::string_view entry_name, std::string_view entry_text) const {
  if (auto broken = name.check(entry_name)) return Broken{"propertyNames", "is a name of " + broken->detail};
  return text.check(entry_text);
}

std::optional<Broken> Pattern::check(std::string_view text) const {
  if (holds(text)) return std::nullopt;
  return Broken{"pattern", std::string(words)};
}

std::optional<Broken> Format::check(std::string_view text) const {
  if (holds(text)) return std::nullopt;
  return Broken{"format", std::string(words)};
}

bool is_email_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > 254) return false;
  const auto local = text.substr(0, at);
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  if (!std::ranges::all_of(local, [](char c) { return is_atom(c) || c == '.'; })) return false;
  return is_domain(text.substr(at + 1));
}

bool is_currency_code(std::string_view text) { return std::ranges::binary_search(currencies, text); }

bool is_slug_text(std::string_view text) {
  if (text.empty() || text.size() > 64 || !is_alphanumeric(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_host_text(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-'; });
}

bool is_visible_text(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::ranges::none_of(text, control) && std::ranges::any_of(text, [](char c) { return c != ' '; });
}

bool is_canonical_uuid(std::string_view text) { return is_uuid(text); }

}  // namespace svc
