#include "base/integer.h"
#include "gateway/module.h"
#include "headers.h"
#include "http/problem.h"

namespace svc::gateway {
namespace {

class InProcess final : public Upstream {
 public:
  explicit InProcess(const http::Router& router) : router_(router) {}
  Task<http::Response> forward(http::Request& request, const Terms&) override { return router_.dispatch(request); }

 private:
  const http::Router& router_;
};

class Behind final : public Upstream {
 public:
  Behind(std::shared_ptr<http::Transport> transport, std::string name, const ClusterKey& cluster)
      : transport_(std::move(transport)), name_(std::move(name)), cluster_(cluster) {}

  Task<http::Response> forward(http::Request& request, const Terms& terms) override {
    const auto deadline = terms.deadline;
    http::Outgoing outgoing{std::string(request.method), std::string(request.target)};
    for (const auto& [name, value] : request.headers)
      if (!is_said_anew(name)) outgoing.headers.emplace_back(name, value);
    outgoing.headers.emplace_back(http::cluster_header, cluster_.token(http::gateway_name));
    outgoing.headers.emplace_back("X-Forwarded-For", request.peer_address);
    outgoing.headers.emplace_back("X-Request-Id", request.request_id);
    add_trace(request, outgoing.headers);
    outgoing.repeatable = terms.repeatable;
    outgoing.operation = terms.operation;
    outgoing.patience = terms.patience;
    if (terms.takes_body && request.body != nullptr && !request.body->empty()) {
      auto reading = request.body->read(http::body_limit);
      auto body = co_await reading;
      if (!body) co_return http::problem(body.error());
      outgoing.body = std::move(*body);
    }
    outgoing.headers.emplace_back(http::budget_header, http::budget_until(deadline));
    auto asking = transport_->roundtrip(std::move(outgoing), deadline);
    auto response = co_await asking;
    if (!response) co_return http::problem(http::told_failure(name_, response.error()));
    if (request.method == "HEAD")
      response->head_length = parse_integer<std::uint64_t>(response->header("Content-Length"));
    response->headers = to_client(std::move(response->headers));
    co_return std::move(*response);
  }

 private:
  const std::shared_ptr<http::Transport> transport_;
  const std::string name_;
  const ClusterKey& cluster_;
};

}  // namespace

std::unique_ptr<Upstream> upstream_in_process(const http::Router& router) {
  return std::make_unique<InProcess>(router);
}

std::unique_ptr<Upstream> upstream_behind(std::shared_ptr<http::Transport> transport, std::string name,
                                          const ClusterKey& cluster) {
  return std::make_unique<Behind>(std::move(transport), std::move(name), cluster);
}

}  // namespace svc::gateway
