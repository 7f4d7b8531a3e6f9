#include "base/check.h"

#include <algorithm>

namespace svc {

std::string Place::pointer() const {
  std::string text = parent ? parent->pointer() : std::string{};
  text.push_back('/');
  if (index != no_index) {
    text += std::to_string(index);
    return text;
  }
  for (const char c : name) {  // RFC 6901 section 3
    if (c == '~') text += "~0";
    else if (c == '/') text += "~1";
    else text.push_back(c);
  }
  return text;
}

void report(Violations& found, Violation violation) {
  constexpr std::size_t enough = 100;
  if (found.size() < enough) found.push_back(std::move(violation));
}

void report(Violations& found, const Place& at, std::string_view keyword, std::string_view detail) {
  report(found, {at.pointer(), std::string(keyword), std::string(detail)});
}

bool detail::already_found(const Violations& found, std::string_view pointer) {
  return std::ranges::any_of(found, [&](const Violation& known) {
    return pointer.starts_with(known.pointer) &&
           (pointer.size() == known.pointer.size() || pointer[known.pointer.size()] == '/');
  });
}

}  // namespace svc
