// Who is not let in, and why; TLS.
#include <openssl/err.h>

#include "amqp/fixture.h"
#include "support/certificate.h"

namespace {

using namespace svc;
using namespace svc::test;

Error refusal_of(const amqp::Address& address, const amqp::Options& options = {}) {
  const auto session = amqp::Session::open(address, options);
  REQUIRE_FALSE(session);
  CHECK(session.error().code == Code::unavailable);
  CHECK(session.error().detail.starts_with(amqp::told(address)));
  CHECK(session.error().detail.find("sesame") == std::string::npos);
  CHECK(ERR_peek_error() == 0);
  return session.error();
}

TEST_CASE("each refusal at the door has its own reason") {
  if (!Broker::there()) return;
  static Broker broker(true);
  static const TempDir dir;
  const auto plain = address_of(broker);
  auto secure = plain;
  secure.tls = true;
  secure.port = broker.tls_port();
  amqp::Options trusting;
  trusting.ca_file = broker.certificate();

  SECTION("credentials and vhosts") {
    auto wrong = plain;
    wrong.password = "sesame";
    CHECK(refusal_of(wrong).reason == "amqp_credentials_refused");
    wrong.user = "nobody";
    CHECK(refusal_of(wrong).reason == "amqp_credentials_refused");
    auto elsewhere = plain;
    elsewhere.vhost = "no such vhost";
    CHECK(refusal_of(elsewhere).reason == "amqp_vhost_refused");
    elsewhere.vhost = "";
    CHECK(refusal_of(elsewhere).reason == "amqp_vhost_refused");
  }

  SECTION("nobody there") {
    auto nowhere = plain;
    nowhere.port = free_port();
    CHECK(refusal_of(nowhere).reason == "amqp_unreachable");
    nowhere.host = "no-such-host.invalid";
    CHECK(refusal_of(nowhere).reason == "amqp_unreachable");
    auto unsecured = plain;
    unsecured.port = broker.tls_port();
    CHECK(refusal_of(unsecured).reason == "amqp_unreachable");
  }

  SECTION("a certificate that is vouched for, and for the host that was asked, is taken") {
    for (const std::string host : {"localhost", "127.0.0.1"}) {
      CAPTURE(host);
      secure.host = host;
      auto session = open(secure, trusting);
      const auto queue = new_queue();
      declare(*session, queue);
      auto messages = numbered(queue, 1, 20);
      messages[7].body.resize(300'000, 'x');
      REQUIRE(session->publish(exchange, messages));
      REQUIRE(session->consume(queue.name, 30));
      const auto got = gather(*session, 20);
      REQUIRE(got.size() == 20);
      CHECK(got[7].body == messages[7].body);
    }
  }

  SECTION("another is not") {
    CHECK(refusal_of(secure).reason == "amqp_tls_failed");  // the system's authorities
    const auto other = dir / "other.pem";
    make_certificate("broker", other, dir / "key.pem");
    CHECK(refusal_of(secure, {.ca_file = other}).reason == "amqp_tls_failed");
    const std::string missing_file = dir / "missing.pem";
    const auto missing = refusal_of(secure, {.ca_file = missing_file});
    CHECK(missing.reason == "amqp_tls_failed");
    CHECK(missing.detail.find("cannot read the authorities in " + missing_file) != std::string::npos);
    auto misnamed = secure;
    misnamed.host = "127.1";  // the same place by a name that the certificate does not have
    CHECK(refusal_of(misnamed, trusting).reason == "amqp_tls_failed");
    auto unable = secure;
    unable.port = broker.port();  // where nobody speaks TLS
    CHECK(refusal_of(unable, trusting).reason == "amqp_tls_failed");
  }
}

}  // namespace
