#include "contract/door.h"

namespace svc {

std::optional<Error> refuse_caller(const Call& call, Access access) {
  if (access == Access::anyone) return std::nullopt;
  if (access == Access::service) {
    if (call.from_service) return std::nullopt;
    return Error{Code::unauthenticated, "cluster_token_missing", "Only services of this system may ask this"};
  }
  if (access == Access::registrar && call.from_service) return std::nullopt;
  if (call.caller == nullptr) return Error{Code::unauthenticated, "token_missing", "Sign in first"};
  const Caller& caller = *call.caller;
  const bool allowed = access == Access::registrar ? !caller.registers.empty()
                                                   : caller.admin || (access == Access::signed_in && caller.customer);
  if (allowed) return std::nullopt;
  return Error{Code::forbidden, "forbidden", "The caller may not do this"};
}

Error defect(std::string_view service, std::string_view operation, const Origin& origin, std::exception_ptr thrown) {
  std::string what = "not a std::exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {  // said by `what` as it is
  }
  log::error("defect",
             {{"service", service}, {"operation", operation}, {"request", origin.request_id}, {"what", what}});
  return Error{Code::internal, "internal", "The log has it under this request's id"};
}

}  // namespace svc
