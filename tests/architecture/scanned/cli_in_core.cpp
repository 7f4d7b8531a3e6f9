// ERROR: CLI11 is used in app only
// AT: modules/core/config/config.cpp
#include <CLI/CLI.hpp>
