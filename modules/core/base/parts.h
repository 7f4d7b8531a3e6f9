// Reads a text that we keep in our own database, part by part.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "base/integer.h"

namespace svc {

class Parts {
 public:
  /// The text outlives it.
  explicit Parts(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }

  // Each takes what comes before the next `end`, and that. std::runtime_error: it is not there, or is no number, so the
  // text is none of ours.
  std::string_view text(char end) {
    const auto length = rest_.find(end);
    if (length == std::string_view::npos) throw std::runtime_error("the database holds a text that ends too soon");
    const auto part = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    return part;
  }
  std::int64_t integer(char end) {
    const auto value = parse_integer<std::int64_t>(text(end));
    if (!value) throw std::runtime_error("the database holds a text where a number should be");
    return *value;
  }

 private:
  std::string_view rest_;
};

}  // namespace svc
