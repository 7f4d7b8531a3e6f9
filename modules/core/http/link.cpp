#include "http/link.h"

#include "observe/log.h"

namespace svc::http {

void Link::add_call_headers(Outgoing& request, const Call& call) const {
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back(cluster_header, to.cluster->token(to.service));
  request.headers.emplace_back(budget_header, budget_until(call.deadline));
  if (!call.origin->request_id.empty()) request.headers.emplace_back("X-Request-Id", call.origin->request_id);
  if (!call.origin->client_address.empty())
    request.headers.emplace_back("X-Forwarded-For", call.origin->client_address);
  if (!call.origin->idempotency_key.empty())
    request.headers.emplace_back("Idempotency-Key", call.origin->idempotency_key);
  if (!call.origin->trace.id.is_none())
    request.headers.emplace_back(trace_header, traceparent(call.origin->trace, call.span));
  if (call.caller) request.headers.emplace_back("Authorization", "Bearer " + call.caller->token);
}

Error told_failure(const std::string& target, const Error& particulars) {
  log::debug("link_failed", {{"target", target}, {"reason", particulars.reason}, {"detail", particulars.detail}});
  if (particulars.code == Code::timeout) return Error{Code::timeout, "no_answer", target + " did not answer in time"};
  return fail(Code::unavailable, "service_unavailable", target + " cannot be reached now").value();
}

Task<Result<Response>> Link::exchange(LinkTo to, Outgoing request, Span span, Steady::time_point deadline, int success,
                                      bool or_created) {
  auto asking = to.transport->roundtrip(std::move(request), deadline);
  auto response = co_await asking;
  if (!response) response = fail(told_failure(to.target, response.error()));
  else if (response->status != success && !(or_created && response->status == 201))
    response = fail(error_of(response->status, response->body, response->header("Retry-After")));
  span.end(outcome_of(response));
  co_return response;
}

}  // namespace svc::http
