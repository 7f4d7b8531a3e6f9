#include "http/router.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "http/problem.h"

namespace svc::http {
namespace {

constexpr std::array verbs{Verb::get, Verb::post, Verb::put, Verb::patch, Verb::del};
static_assert(verbs.size() == 5);

std::optional<Verb> verb_of(std::string_view method) {
  if (method == "HEAD") return Verb::get;
  for (const Verb verb : verbs)
    if (method == method_name(verb)) return verb;
  return std::nullopt;
}

}  // namespace

void Router::add(Verb verb, std::string_view path, Handler handler) {
  Node* node = &root_;
  for (auto rest = path; !rest.empty();) {
    rest.remove_prefix(1);  // the slash
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    auto& child = segment.starts_with('{') ? node->any : node->literals[std::string(segment)];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  const auto slot = static_cast<std::size_t>(verb);
  if (node->handlers[slot]) throw std::logic_error("route " + std::string(path) + " is there twice");
  node->handlers[slot] = std::move(handler);
  node->routes[slot] = std::string(method_name(verb)) + " " + std::string(path);
  node->allow.clear();
  for (const Verb each : verbs) {
    if (!node->handlers[static_cast<std::size_t>(each)]) continue;
    node->allow += (node->allow.empty() ? "" : ", ") + std::string(method_name(each));
    if (each == Verb::get) node->allow += ", HEAD";
  }
}

const Router::Node* Router::find(const Node& node, std::string_view path,
                                 std::vector<std::string_view>& parameters) const {
  if (path.empty()) return &node;
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  const auto rest = path.substr(segment.size());
  if (const auto literal = node.literals.find(segment); literal != node.literals.end())
    if (const Node* const found = find(*literal->second, rest, parameters)) return found;
  if (!node.any || segment.empty() || segment == "." || segment == "..") return nullptr;
  parameters.push_back(segment);
  if (const Node* const found = find(*node.any, rest, parameters)) return found;
  parameters.pop_back();
  return nullptr;
}

Task<Response> Router::dispatch(Request& request) const {
  request.parameters.clear();
  const Node* const node = request.path.starts_with('/') ? find(root_, request.path, request.parameters) : nullptr;
  if (node == nullptr || node->allow.empty())
    return problem(Error{Code::not_found, "no_such_route", "Nothing is served under this path"});
  const auto verb = verb_of(request.method);
  const auto* const handler = verb ? &node->handlers[static_cast<std::size_t>(*verb)] : nullptr;
  if (handler == nullptr || !*handler) {
    auto refused = problem(Error{Code::wrong_method, "method_not_allowed", "See Allow for the methods of this path"});
    refused.headers.emplace_back("Allow", node->allow);
    return refused;
  }
  return (*handler)(request);
}

std::vector<std::string> Router::list() const {
  std::vector<std::string> routes;
  const auto visit = [&](const auto& self, const Node& node) -> void {
    std::ranges::copy_if(node.routes, std::back_inserter(routes), [](const auto& route) { return !route.empty(); });
    for (const auto& [name, child] : node.literals) self(self, *child);
    if (node.any) self(self, *node.any);
  };
  visit(visit, root_);
  std::ranges::sort(routes);
  return routes;
}

}  // namespace svc::http
