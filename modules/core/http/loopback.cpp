#include "http/router.h"
#include "http/transport.h"

namespace svc::http {

Task<Result<Response>> Loopback::roundtrip(Outgoing request, Steady::time_point) {
  Request received;
  received.method = request.method;
  received.target = request.target;
  const auto question = received.target.find('?');
  received.path = received.target.substr(0, question);
  if (question != std::string_view::npos) received.query = received.target.substr(question + 1);
  for (const auto& [name, value] : request.headers) received.headers.add(name, value);
  received.request_id = received.headers.get("X-Request-Id");
  received.peer_address = "127.0.0.1";
  StoredBody body(request.body);
  received.body = &body;
  auto dispatching = router_.dispatch(received);
  Response response = co_await dispatching;
  co_return response;
}

}  // namespace svc::http
