// Link: the Via of a stub whose implementation is behind HTTP. Operations, values and errors cross unchanged.
// Slow to compile; included by each module's *_http.cpp only.
#pragma once

#include <memory>
#include <string>

#include "contract/service.h"
#include "http/outside.h"
#include "http/problem.h"
#include "http/routes.h"
#include "http/wire.h"

namespace svc::http {

struct Link {
  LinkTo to;

  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    if (Steady::now() >= call.deadline) return fail(Code::timeout, "deadline_passed", "The deadline has passed");
    return exchange<Op>(to.transport, to.target, compose(call, op), call.deadline);
  }

 private:
  template <class Op>
  Outgoing compose(const Call& call, const Op& op) const {
    Outgoing request{std::string(method_name(Op::endpoint.verb)), fill_path(Op::endpoint.path, op) + query_of(op)};
    request.body = body_of(op);
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    add_call_headers(request, call);
    constexpr auto retry = Op::endpoint.retry;
    request.repeatable = retry == Retry::keyed ? !call.origin->idempotency_key.empty() : retry != Retry::never;
    return request;
  }
  void add_call_headers(Outgoing& request, const Call& call) const;
  /// What a caller, and perhaps a client, may know of a failure on the way: not addresses.
  static Error no_answer(const std::string& target, const Error& particulars);

  template <class Op>
  static Reply<Op> exchange(std::shared_ptr<Transport> transport, std::string target, Outgoing request,
                            Steady::time_point deadline) {
    using Answer = typename Op::Response;
    auto asking = transport->roundtrip(std::move(request), deadline);
    auto response = co_await asking;
    if (!response) co_return fail(no_answer(target, response.error()));
    const bool created = SaysCreated<Answer> && response->status == 201;
    if (response->status != Op::endpoint.success && !created)
      co_return fail(error_of(response->status, response->body, response->header("Retry-After")));
    if constexpr (std::is_same_v<Answer, Nothing>) {
      co_return Nothing{};
    } else {
      auto answer = decode_answer<Answer>(response->body);
      if constexpr (SaysCreated<Answer>)
        if (answer) answer->created = created;
      co_return answer;
    }
  }
};

}  // namespace svc::http
