// The lines of an order as its row has them: JSON.
#pragma once

#include <string>
#include <vector>

#include "inventory/types.h"

namespace svc::order {

std::string stored_lines(const std::vector<inventory::PricedLine>& lines);
/// Throws std::runtime_error: the row is not one of ours.
std::vector<inventory::PricedLine> lines_of(const std::string& stored);

}  // namespace svc::order
