#include "stored_lines.h"

#include <stdexcept>

#include "base/decode.h"
#include "base/encode.h"

namespace svc::order {
namespace {

struct Stored {
  std::vector<inventory::PricedLine> lines;
  static constexpr auto fields() { return rows(field(&Stored::lines, "lines", "")); }
};

}  // namespace

std::string stored_lines(const std::vector<inventory::PricedLine>& lines) { return encode(Stored{lines}); }

std::vector<inventory::PricedLine> lines_of(const std::string& stored) {
  auto read = decode_answer<Stored>(stored);
  if (!read) throw std::runtime_error("the database holds an order that this program cannot read");
  return std::move(read->lines);
}

}  // namespace svc::order
