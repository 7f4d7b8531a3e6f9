// A client that is not ours: cpp-httplib's, so that what we write is read by somebody else's code.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace svc::test {

struct Answer {
  int status = 0;  ///< 0: no answer
  std::multimap<std::string, std::string> headers;
  std::string body;
  std::string header(const std::string& name) const;  ///< empty when absent; names as the server wrote them
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;
/// What shows a token.
inline HeaderList bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

/// One request over a connection of its own. Waits up to 40 s for the answer.
Answer send(int port, const std::string& method, const std::string& path, const HeaderList& headers = {},
            const std::string& body = {}, const std::string& content_type = "application/json");

}  // namespace svc::test
