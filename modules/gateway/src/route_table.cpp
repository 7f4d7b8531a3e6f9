#include "route_table.h"

#include <algorithm>

#include "base/percent.h"
#include "http/message.h"
#include "path.h"

namespace svc::gateway {
namespace {

tl::unexpected<Error> bad_path(std::string detail) { return fail(Code::malformed, "bad_path", std::move(detail)); }

std::string_view without_parameters(std::string_view segment) { return segment.substr(0, segment.find(';')); }

bool is_dots(std::string_view text) { return text == "." || text == ".."; }

Result<Nothing> check_segments(std::string_view path) {
  while (!path.empty()) {
    const auto segment = take_segment(path);
    if (segment.empty() && !path.empty()) return bad_path("The path has an empty segment");
    const auto decoded = percent_decode(segment);
    if (!decoded) return bad_path("The path has a broken escape");
    for (std::size_t at = 0; at <= decoded->size();) {
      const auto end = std::min(decoded->find_first_of("/\\", at), decoded->size());
      if (is_dots(without_parameters(std::string_view(*decoded).substr(at, end - at))))
        return bad_path("The path has a segment of dots");
      at = end + 1;
    }
  }
  return Nothing{};
}

// Segments that are empty then go too: many servers take no notice of them.
std::string drop_parameters(std::string_view path) {
  std::string kept;
  while (!path.empty())
    if (const auto segment = without_parameters(take_segment(path)); !segment.empty()) kept.append("/").append(segment);
  return kept;
}

// Before it is split, unlike in find().
std::string decode_whole(std::string_view path) {
  auto decoded = percent_decode(path).value_or("");
  std::ranges::replace(decoded, '\\', '/');
  return decoded;
}

bool takes(const ForeignRoute& route, std::string_view method) {
  const auto lists = [&](std::string_view wanted) {
    return std::ranges::find(route.methods, wanted) != route.methods.end();
  };
  return route.methods.empty() || lists(method) || (method == "HEAD" && lists("GET"));
}

}  // namespace

RouteTable::RouteTable(const std::vector<ForeignRoute>& routes) {
  for (const auto& route : routes) {
    Node* node = &root_;
    for (std::string_view rest = route.prefix; !rest.empty();) {
      auto& below = node->below[std::string(take_segment(rest))];
      if (!below) below = std::make_unique<Node>();
      node = below.get();
    }
    node->routes.push_back(&route);
  }
}

RouteTable::Match RouteTable::find(std::string_view path) const {
  return follow(path, [](std::string_view segment) { return percent_decode(segment); });
}

// Servers drop parameters before they decode a path, or after it, and so may come to different ends.
Result<Nothing> RouteTable::check(std::string_view path) const {
  if (auto sound = check_segments(path); !sound) return sound;
  if (path.find_first_of("%;") == std::string_view::npos) return Nothing{};
  const auto written = find(path);
  for (const auto& raw : {std::string(path), drop_parameters(path)}) {
    const auto plain = drop_parameters(decode_whole(raw));
    const auto read = follow(plain, [](std::string_view segment) { return std::optional(std::string(segment)); });
    if (read.routes != written.routes) return bad_path("The path can be read as another route's");
  }
  return Nothing{};
}

RouteTable::Match RouteTable::follow(std::string_view path, Reader read) const {
  Match match;
  const Node* node = &root_;
  while (path.starts_with('/')) {
    const auto name = read(take_segment(path));
    const auto below = name ? node->below.find(*name) : node->below.end();
    if (below == node->below.end()) break;
    node = below->second.get();
    if (node->routes.empty()) continue;
    match.routes = node->routes;
    match.rest = path;
  }
  return match;
}

const ForeignRoute* RouteTable::Match::of(std::string_view method) const {
  const auto found = std::ranges::find_if(routes, [&](const auto* route) { return takes(*route, method); });
  return found == routes.end() ? nullptr : *found;
}

std::string RouteTable::Match::allow() const {
  std::string list;
  const auto add = [&](std::string_view method) { list += (list.empty() ? "" : ", ") + std::string(method); };
  for (const auto* route : routes)
    for (const auto& method : route->methods) {
      add(method);
      if (method == "GET" && std::ranges::find(route->methods, "HEAD") == route->methods.end()) add("HEAD");
    }
  return list;
}

}  // namespace svc::gateway
