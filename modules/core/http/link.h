// Link: the Via of a stub whose implementation is behind HTTP. Operations, values and errors cross unchanged.
// Slow to compile; included by each module's *_http.cpp only.
#pragma once

#include <memory>
#include <string>

#include "contract/service.h"
#include "contract/span.h"
#include "http/outside.h"
#include "http/problem.h"
#include "http/routes.h"
#include "http/wire.h"

namespace svc::http {

struct Link {
  LinkTo to;
  std::string_view service;  ///< whose contract it is; a literal

  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    auto span = Span::begin(call, service, Op::endpoint, SpanKind::link);
    const auto refuse = [&span](Code code, const char* reason, const char* detail) {
      span.end(outcome_of(code));
      return fail(code, reason, detail);
    };
    if (span.begun >= call.deadline) return refuse(Code::timeout, "deadline_passed", "The deadline has passed");
    auto request = compose(call, op);
    // What has an empty name is nowhere, and has no path to be asked for under.
    if (request.target.find("//") != std::string::npos || request.target.ends_with('/'))
      return refuse(Code::not_found, "not_found", "What has no name does not exist");
    return decode<typename Op::Response>(exchange(to, std::move(request), span, call.deadline, Op::endpoint.success,
                                                  SaysCreated<typename Op::Response>));
  }

 private:
  template <class Op>
  Outgoing compose(const Call& call, const Op& op) const {
    Outgoing request{std::string(method_name(Op::endpoint.verb)), fill_path(Op::endpoint.path, op) + query_of(op)};
    request.body = body_of(op);
    request.repeatable = may_repeat(Op::endpoint, !call.origin->idempotency_key.empty());
    request.operation = Op::endpoint.name;
    request.patience = patience_for(Op::endpoint, call.origin->wait);
    add_call_headers(request, call);
    return request;
  }
  void add_call_headers(Outgoing& request, const Call& call) const;
  /// The answer, if it has one of these statuses; else the Error it stands for.
  static Task<Result<Response>> exchange(LinkTo to, Outgoing request, Span span, Steady::time_point deadline,
                                         int success, bool or_created);
  template <class Answer>
  static Task<Result<Answer>> decode(Task<Result<Response>> exchanging) {
    auto response = co_await exchanging;
    if (!response) co_return refusal(response);
    if constexpr (std::is_same_v<Answer, Nothing>) {
      co_return Nothing{};
    } else {
      auto answer = decode_answer<Answer>(response->body);
      if constexpr (SaysCreated<Answer>)
        if (answer) answer->created = response->status == 201;
      co_return answer;
    }
  }
};

}  // namespace svc::http
