// `svc status`, for people: what it shows, and what it says when nobody answers.
#include <csignal>
#include <filesystem>

#include "support/catch.h"
#include "support/system.h"

namespace {

using namespace svc::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("svc status shows every instance, and how each process reaches the others") {
  System system({{"registry"}, {"user"}, {"user"}, {"inventory", "payment", "order", "notification", "gateway"}});
  const auto status = [&](const std::string& operations) {
    return run_command({svc_binary(), "status", "--config=/dev/null", "--data=" + system.data().string(),
                        "--registry=http://127.0.0.1:" + std::to_string(system.port("registry")),
                        "--port.operations=" + operations});
  };
  // One call to each, so that there is something to tell.
  REQUIRE(send(system.gateway(), "GET", "/users", bearer(system.operator_token())).status == 200);
  const auto shown = status("1");
  CAPTURE(shown.out);
  CHECK(shown.status == 0);
  CHECK(shown.err.empty());
  for (const std::size_t copy : {0u, 1u})
    CHECK_THAT(shown.out, ContainsSubstring("127.0.0.1:" + std::to_string(system.port("user", copy))));
  for (const auto* word :
       {"SERVICE", "LEASE", "live", "IN FLIGHT", "LINK TO", "gateway", "local", "registry", "serving", "closed"})
    CHECK_THAT(shown.out, ContainsSubstring(word));

  system.process("registry").signal(SIGKILL);
  system.process("registry").wait();
  const auto without = status(std::to_string(system.operations()));
  CHECK(without.status == 0);
  CHECK_THAT(without.out, ContainsSubstring("does not answer"));
  CHECK_THAT(without.out, ContainsSubstring(std::to_string(system.port("user", 1))));
  const auto keyless =
      run_command({svc_binary(), "status", "--config=/dev/null", "--data=" + (system.data() / "none").string()});
  CHECK(keyless.status == 1);
  CHECK_THAT(keyless.out, ContainsSubstring("no keys"));
  CHECK_FALSE(std::filesystem::exists(system.data() / "none"));
  const auto nobody = status(std::to_string(free_port()));
  CHECK(nobody.status == 1);
  CHECK_THAT(nobody.out, ContainsSubstring("does not answer"));
}

}  // namespace
