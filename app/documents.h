// Documents that the program prints about itself.
#pragma once

#include <string>

namespace svc::app {

/// The OpenAPI document of all modules.
std::string openapi_document();

/// The AsyncAPI document of the events of all modules.
std::string asyncapi_document();

}  // namespace svc::app
