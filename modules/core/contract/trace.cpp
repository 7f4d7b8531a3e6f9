#include "contract/trace.h"

#include <algorithm>

#include "base/ids.h"

namespace svc {
namespace {

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_id(std::string_view text, std::size_t size) {
  return is_hex(text, size) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  return text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' && text.starts_with("00") &&
         is_id(text.substr(3, 32), 32) && is_id(text.substr(36, 16), 16) && is_hex(text.substr(53), 2);
}

std::string trace_of(const Origin& origin) {
  if (!origin.traceparent.empty()) return origin.traceparent;
  if (!is_uuid(origin.request_id)) return {};
  std::string id = origin.request_id;
  std::erase(id, '-');
  // The request itself is the parent: its span is the half of the id that is not the time. Not recorded.
  const auto trace = "00-" + id + "-" + id.substr(16) + "-00";
  return is_traceparent(trace) ? trace : std::string();
}

}  // namespace svc
