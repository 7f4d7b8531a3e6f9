#include "stored_lines.h"

#include <stdexcept>

#include "base/decode.h"
#include "base/encode.h"

namespace svc::inventory {
namespace {

struct Stored {
  std::vector<Line> lines;
  static constexpr auto fields() { return rows(field(&Stored::lines, "lines", "")); }
};

}  // namespace

std::string stored_lines(const std::vector<Line>& lines) { return encode(Stored{lines}); }

std::vector<Line> lines_of(const std::string& stored) {
  auto read = decode_answer<Stored>(stored);
  if (!read) throw std::runtime_error("the database holds a reservation that this program cannot read");
  return std::move(read->lines);
}

}  // namespace svc::inventory
