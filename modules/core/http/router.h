// Router: finds the handler of a method and path. Routes are compiled into a tree of path segments; finding one
// costs a step per segment and no regular expression.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/endpoint.h"
#include "http/message.h"

namespace svc::http {

/// Routes are added before the first dispatch; dispatch is then thread-safe.
///
/// Segments are compared as they came, so an encoded slash (%2F) never splits one. A path that is spelt
/// otherwise (a slash at its end, doubled slashes, dots) is another path, and unknown.
class Router {
 public:
  /// `path`: "/users/{id}"; a segment in braces takes any one segment that is not empty.
  /// GET also serves HEAD. Throws std::logic_error when the route is taken.
  void add(Verb verb, std::string_view path, Handler handler);

  /// Answers 404 for unknown paths and 405 with Allow for unknown methods.
  Task<Response> dispatch(Request& request) const;

  /// Every route as "GET /users/{id}", sorted.
  std::vector<std::string> list() const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> any;
    std::array<Handler, 5> handlers;  // by Verb
    std::string allow;                // the methods it has, as the Allow field lists them
    std::array<std::string, 5> routes;
  };
  const Node* find(const Node& node, std::string_view path, std::vector<std::string_view>& parameters) const;

  Node root_;
};

}  // namespace svc::http
