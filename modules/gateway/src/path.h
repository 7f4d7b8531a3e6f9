// Paths of the gateway's routes, segment by segment.
#pragma once

#include <string_view>

namespace svc::gateway {

/// Takes the first segment off a path, which begins with a slash: of "/a/b" it answers "a" and leaves "/b".
constexpr std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace svc::gateway
