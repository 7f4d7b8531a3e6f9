#include "base/clock.h"

namespace svc {
namespace {

// Reads exactly `digits` decimal digits at `at`; moves `at` behind them.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (const std::size_t end = at + count; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool skip(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

// Adds `count` digits of a number, and what follows them. (By hand: snprintf took a thirtieth of an order.)
void put(std::string& text, int number, std::size_t count, char end) {
  const auto begin = text.size();
  text.append(count, '0');
  for (auto at = begin + count; at-- > begin; number /= 10) text[at] = static_cast<char>('0' + number % 10);
  text += end;
}

}  // namespace

std::string to_rfc3339(Time t) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds{t.ms}};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  std::string text;
  text.reserve(24);
  put(text, int{date.year()}, 4, '-');
  put(text, int(unsigned{date.month()}), 2, '-');
  put(text, int(unsigned{date.day()}), 2, 'T');
  put(text, int(time.hours().count()), 2, ':');
  put(text, int(time.minutes().count()), 2, ':');
  put(text, int(time.seconds().count()), 2, '.');
  put(text, int(time.subseconds().count()), 3, 'Z');
  return text;
}

std::optional<Time> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  const auto y = digits(text, at, 4);
  if (!y || !skip(text, at, '-')) return std::nullopt;
  const auto mo = digits(text, at, 2);
  if (!mo || !skip(text, at, '-')) return std::nullopt;
  const auto d = digits(text, at, 2);
  if (!d || !skip(text, at, 'T')) return std::nullopt;
  const auto h = digits(text, at, 2);
  if (!h || !skip(text, at, ':')) return std::nullopt;
  const auto mi = digits(text, at, 2);
  if (!mi || !skip(text, at, ':')) return std::nullopt;
  const auto s = digits(text, at, 2);
  if (!s) return std::nullopt;
  int ms = 0;
  if (skip(text, at, '.')) {
    int scale = 100;
    const std::size_t from = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) ms += (text[at] - '0') * scale;
    if (at == from) return std::nullopt;
  }
  if (!skip(text, at, 'Z') || at != text.size()) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  const auto moment = sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} + milliseconds{ms};
  return Time{duration_cast<milliseconds>(moment.time_since_epoch()).count()};
}

Time SystemClock::now() const {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
}

}  // namespace svc
