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
  // The request itself is the parent: its span is the half of the id that is not the time. Not recorded.
  const std::string_view id = origin.request_id;
  std::string trace = "00-";
  trace.reserve(55);
  trace.append(id, 0, 8).append(id, 9, 4).append(id, 14, 4).append(id, 19, 4).append(id, 24, 12);
  trace.append("-").append(trace, 19, 16).append("-00");
  const bool no_parent = trace.find_first_not_of('0', 36) == 52;
  return no_parent ? std::string() : trace;
}

}  // namespace svc
