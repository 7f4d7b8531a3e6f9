// The lines of a reservation as its row has them: JSON.
#pragma once

#include <string>
#include <vector>

#include "inventory/types.h"

namespace svc::inventory {

std::string stored_lines(const std::vector<Line>& lines);
/// Throws std::runtime_error: the row is not one of ours.
std::vector<Line> lines_of(const std::string& stored);

}  // namespace svc::inventory
