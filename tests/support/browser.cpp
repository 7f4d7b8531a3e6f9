#include "support/browser.h"

#include <httplib.h>

namespace svc::test {

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Answer send(int port, const std::string& method, const std::string& path, const HeaderList& headers,
            const std::string& body, const std::string& content_type) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(40, 0);
  httplib::Request request;
  request.method = method;
  request.path = path;
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  request.body = body;
  if (!body.empty() && !content_type.empty()) request.headers.emplace("Content-Type", content_type);
  const auto result = client.send(request);
  Answer answer;
  if (!result) return answer;
  answer.status = result->status;
  answer.body = result->body;
  for (const auto& [name, value] : result->headers) answer.headers.emplace(name, value);
  return answer;
}

}  // namespace svc::test
