#include "support/smtp_server.h"

#include <iostream>

#include "identity/secret_file.h"
#include "support/catch.h"
#include "support/mails.h"

namespace svc::test {

namespace fs = std::filesystem;

bool SmtpServer::there() {
  const bool have = fs::exists(fs::path(SVC_TEST_PEERS) / "node_modules/smtp-server");
  if (!have) std::cerr << "SKIPPED: smtp-server is not in build/test-peers: scripts/test installs it from npm\n";
  return have;
}

void SmtpServer::start() {
  child_.emplace(
      std::vector<std::string>{"node", SVC_SOURCE_DIR "/tests/support/smtp_server.cjs", dir_.path(), options_.dump()},
      dir_ / "log", std::vector<std::string>{"NODE_PATH=" SVC_TEST_PEERS "/node_modules"});
  const auto line = child_->first_line();
  INFO(read_file(dir_ / "log"));
  REQUIRE(line);
  options_["port"] = std::stoi(*line);
}

bool SmtpServer::hangs() const { return fs::exists(dir_ / "hangs"); }

std::vector<std::string> SmtpServer::mails() const {
  std::vector<std::string> found;
  for (const auto& name : files_in(dir_.path()))
    if (name.ends_with(".eml")) found.push_back(read_file(dir_ / name));
  return found;
}

nlohmann::json SmtpServer::envelope(int number) const {
  return nlohmann::json::parse(read_file(dir_ / (std::to_string(number) + ".json")));
}

}  // namespace svc::test
