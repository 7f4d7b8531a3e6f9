#include "base/ids.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <random>
#include <system_error>

#include "base/hex.h"

namespace svc {
namespace {

std::uint64_t system_random() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits)
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return bits;
}

constexpr auto is_lower_hex = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'})
    table[c] = true;
  return table;
}();

constexpr std::uint64_t low62 = (std::uint64_t{1} << 62) - 1;

}  // namespace

std::string Uuid7::next() {
  std::uint64_t ms, high, low;
  {
    const std::lock_guard lock(mutex_);
    const auto now = static_cast<std::uint64_t>(clock_.now().ms);
    if (now > last_ms_) {
      last_ms_ = now;
      high_ = system_random() & 0xfff;
      counter_ = system_random() & (low62 >> 1);  // the top bit is left free to count into
    } else {
      // Within the same millisecond, or after the clock stepped back: count up by a random step, so that ids
      // stay ordered and still cannot be guessed from each other.
      counter_ += 1 + (random_bits() & 0xffffffff);
      if (counter_ > low62) {
        ++last_ms_;
        counter_ = system_random() & (low62 >> 1);
      }
    }
    ms = last_ms_;
    high = high_;
    low = counter_;
  }
  std::string text(36, '-');
  put_hex(&text[0], ms >> 16, 8);
  put_hex(&text[9], ms & 0xffff, 4);
  put_hex(&text[14], 0x7000 | high, 4);
  const std::uint64_t tail = (std::uint64_t{2} << 62) | low;
  put_hex(&text[19], tail >> 48, 4);
  put_hex(&text[24], tail & 0xffffffffffff, 12);
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  bool dashes = true, digits = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) dashes = dashes && text[i] == '-';
    else digits = digits && is_lower_hex[static_cast<unsigned char>(text[i])];
  }
  return dashes && digits;
}

std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator{system_random()};
  return generator();
}

double random_unit() { return static_cast<double>(random_bits() >> 11) * 0x1.0p-53; }

}  // namespace svc
