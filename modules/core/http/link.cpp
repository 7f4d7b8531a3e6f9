#include "http/link.h"

#include <algorithm>

#include "observe/log.h"

namespace svc::http {

void Link::add_call_headers(Outgoing& request, const Call& call) const {
  const auto left = std::chrono::duration_cast<milliseconds>(call.deadline - Steady::now());
  request.headers.emplace_back(cluster_header, to.cluster->token(to.service));
  request.headers.emplace_back(budget_header, std::to_string(std::max<std::int64_t>(left.count(), 1)));
  if (!call.origin->request_id.empty()) request.headers.emplace_back("X-Request-Id", call.origin->request_id);
  if (!call.origin->client_address.empty())
    request.headers.emplace_back("X-Forwarded-For", call.origin->client_address);
  if (!call.origin->idempotency_key.empty())
    request.headers.emplace_back("Idempotency-Key", call.origin->idempotency_key);
  if (call.caller) request.headers.emplace_back("Authorization", "Bearer " + call.caller->token);
}

Error Link::no_answer(const std::string& target, const Error& particulars) {
  log::debug("link_failed", {{"target", target}, {"reason", particulars.reason}, {"detail", particulars.detail}});
  if (particulars.code == Code::timeout) return Error{Code::timeout, "no_answer", target + " did not answer in time"};
  return fail(Code::unavailable, "service_unavailable", target + " cannot be reached now").value();
}

}  // namespace svc::http
