// Cors: lets web pages of configured origins call from a browser (Fetch standard, "CORS protocol").
#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace svc::gateway {

class Cors {
 public:
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  /// Whether this is a browser's question before the request proper.
  static bool is_preflight(const http::Request& request);
  /// The answer to it.
  http::Response preflight(const http::Request& request) const;
  /// Adds to an answer what lets the page read it.
  void allow(const http::Request& request, http::Response& response) const;

 private:
  bool allowed(std::string_view origin) const;
  std::vector<std::string> origins_;
};

}  // namespace svc::gateway
