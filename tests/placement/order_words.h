// What scenarios say about orders.
#pragma once

#include <string>

#include "support/browser.h"

namespace svc::test {

inline std::string order_of(const std::string& sku, int quantity, const std::string& method = "tok_visa",
                            const std::string& more = "") {
  return R"({"items":[{"sku":")" + sku + R"(","quantity":)" + std::to_string(quantity) + R"(}],"paymentMethod":")" +
         method + "\"" + more + "}";
}
inline std::string id_in(const Answer& answer) { return answer.json().value("id", ""); }
inline std::string status_in(const Answer& answer) { return answer.json().value("status", ""); }

}  // namespace svc::test
