// ERROR: std::regex is slow
// AT: modules/core/http/router.cpp
const std::regex braces("x");
