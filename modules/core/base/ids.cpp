#include "base/ids.h"

#include <sys/random.h>

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
  return to_text(Uuid{ms << 16 | 0x7000 | high, (std::uint64_t{2} << 62) | low});
}

std::string to_text(const Uuid& uuid) {
  std::string text(36, '-');
  put_hex(&text[0], uuid.high >> 32, 8);
  put_hex(&text[9], uuid.high >> 16, 4);
  put_hex(&text[14], uuid.high, 4);
  put_hex(&text[19], uuid.low >> 48, 4);
  put_hex(&text[24], uuid.low, 12);
  return text;
}

std::optional<Uuid> read_uuid(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  const auto a = read_hex(text.substr(0, 8)), b = read_hex(text.substr(9, 4)), c = read_hex(text.substr(14, 4)),
             d = read_hex(text.substr(19, 4)), e = read_hex(text.substr(24));
  if (!a || !b || !c || !d || !e) return std::nullopt;
  return Uuid{*a << 32 | *b << 16 | *c, *d << 48 | *e};
}

bool is_uuid(std::string_view text) { return read_uuid(text).has_value(); }

std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator{system_random()};
  return generator();
}

double random_unit() { return static_cast<double>(random_bits() >> 11) * 0x1.0p-53; }

}  // namespace svc
