// RouteTable: which route a path belongs to: the one with the longest prefix, by whole segments.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gateway/foreign_route.h"

namespace svc::gateway {

/// Thread-safe once made.
///
/// Segments are compared decoded, once: "/shop/%61dmin" is "/shop/admin" (RFC 3986 section 6.2.2.2). An encoded slash
/// never splits one.
class RouteTable {
 public:
  /// `routes` outlive it, and have been checked.
  explicit RouteTable(const std::vector<ForeignRoute>& routes);

  struct Match {
    std::vector<const ForeignRoute*> routes;  ///< of one prefix; each for other methods
    std::string_view rest;                    ///< of the path, behind the prefix
    /// The one for `method`; null when there is none.
    const ForeignRoute* of(std::string_view method) const;
    /// The methods there are one for, as the Allow field lists them.
    std::string allow() const;
  };
  /// No routes where nothing matches. `path`: still percent-encoded.
  Match find(std::string_view path) const;
  /// Why a path is not passed on, whatever route it belongs to: services differ in what they make of it, so one that
  /// was let through as part of one route could be taken for another's. Dots as segments, also encoded ones, are for
  /// the client to resolve (RFC 3986 section 5.2.4). Encoded slashes and parameters (section 3.3) are the service's own
  /// to read, unless who splits at the ones or drops the others would come to another route.
  Result<Nothing> check(std::string_view path) const;
  bool empty() const { return root_.below.empty(); }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> below;
    std::vector<const ForeignRoute*> routes;
  };
  using Reader = std::optional<std::string> (*)(std::string_view segment);
  Match follow(std::string_view path, Reader read) const;

  Node root_;
};

}  // namespace svc::gateway
