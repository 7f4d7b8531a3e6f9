// HTTPS on the gateway's port: which protocols, which certificate, and the same limits as without.
#include <csignal>

#include "support/catch.h"
#include "support/certificate.h"
#include "support/eventually.h"
#include "support/secured.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using std::chrono::milliseconds;

TEST_CASE("HTTPS answers as HTTP does") {
  const Certificate certificate("first");
  System system(whole, certificate.flags());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Secured client(system.gateway(), version, version);
    REQUIRE(client.agreed());
    // Pipelined, a long answer among them, and more than one record to be read.
    const std::string body = "{}" + std::string(100'000, ' ');
    client.send("GET /openapi.json" + host + "\r\nPOST /users" + host +
                "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body +
                "GET /items" + host + "Connection: close\r\n\r\n");
    bool orderly = false;
    const auto text = client.read_to_end(orderly);
    CHECK(orderly);
    CHECK(text.size() > 10'000);
    CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
    const auto second = text.find("HTTP/1.1 422 "), third = text.find("HTTP/1.1 401 ");
    CHECK(second != std::string::npos);
    CHECK((third != std::string::npos && third > second));
  }
  CHECK(send(system.operations(), "GET", "/health/ready").status == 200);  // of the gateway's port only
}

TEST_CASE("old protocols and weak ciphers are refused") {
  const Certificate certificate("first");
  System system(whole, certificate.flags());
  CHECK_FALSE(Secured(system.gateway(), TLS1_VERSION, TLS1_VERSION).agreed());
  CHECK_FALSE(Secured(system.gateway(), TLS1_1_VERSION, TLS1_1_VERSION).agreed());
  for (const auto* weak :
       {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256", "eNULL", "aNULL"}) {
    CAPTURE(weak);
    CHECK_FALSE(Secured(system.gateway(), TLS1_2_VERSION, TLS1_2_VERSION, weak).agreed());
  }
  CHECK(Secured(system.gateway(), TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256").agreed());
  CHECK(Secured(system.gateway()).version() == "TLSv1.3");

  // Who speaks no TLS gets no HTTP.
  Wire plain(system.gateway());
  plain.send("GET /items" + host + "\r\n");
  plain.finish();
  CHECK_THROWS(plain.reply().value());
}

TEST_CASE("framing and times are as strict behind TLS") {
  const Certificate certificate("first");
  auto flags = certificate.flags();
  for (const auto* key : {"header-timeout-ms", "idle-timeout-ms", "body-grace-ms", "write-timeout-ms"})
    flags.push_back(std::string("--http.server.") + key + "=400");
  System system(whole, flags);
  const std::vector<std::pair<std::string, std::string>> rows{
      {"POST /users" + host + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x" + host + "\r\n",
       "400"},
      {"GET /items\n\n", "400"},
      {"GET /" + std::string(9'000, 'a'), "414"},
      {"GET /items HTTP/1.1\r\nHo", "408"},
      {"POST /users" + host + "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{", "408"},
      {"POST /users" + host + "Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n", "413"},
      {"", ""}};
  for (const auto& [bytes, status] : rows) {
    CAPTURE(bytes.substr(0, 60), status);
    Secured client(system.gateway());
    REQUIRE(client.agreed());
    if (!bytes.empty()) client.send(bytes);
    bool orderly = false;
    const auto text = client.read_to_end(orderly);
    CHECK(text.substr(0, 13) == (status.empty() ? "" : "HTTP/1.1 " + status + " "));
    CHECK(text.find("HTTP/1.1", 1) == std::string::npos);
  }
  for (const auto& part : {std::string(), std::string("\x16\x03\x01\x02", 4)}) {  // no handshake, or half of one
    Wire silent(system.gateway());
    silent.send(part);
    CHECK(silent.ends());
  }
  // Takes no answers: cut off, and not for longer than it may take.
  Secured greedy(system.gateway());
  std::string many;
  for (int i = 0; i < 400; ++i) many += "GET /openapi.json" + host + "\r\n";
  greedy.send(many);
  CHECK(eventually([&] { return send(system.operations(), "GET", "/health/ready").status == 200; }));
}

TEST_CASE("a new certificate is taken on SIGHUP, and a bad one is not") {
  const Certificate certificate("first");
  System system(whole, certificate.flags());
  Secured before(system.gateway());
  CHECK(before.subject() == "/CN=first");

  make_certificate("second", certificate.certificate, certificate.key);
  system.process("gateway").signal(SIGHUP);
  CHECK(eventually([&] { return Secured(system.gateway()).subject() == "/CN=second"; }));
  before.send("GET /items" + host + "\r\n");  // who was there is not disturbed
  CHECK(before.read_some().starts_with("HTTP/1.1 401"));

  std::filesystem::resize_file(certificate.key, 10);
  const auto logged = system.logs().size();
  system.process("gateway").signal(SIGHUP);
  CHECK(eventually([&] { return system.logs().size() > logged; }));
  CHECK(Secured(system.gateway()).subject() == "/CN=second");
  CHECK(system.logs().find("BEGIN") == std::string::npos);

  make_certificate("third", certificate.certificate, certificate.key);
  system.process("gateway").signal(SIGHUP);
  CHECK(eventually([&] { return Secured(system.gateway()).subject() == "/CN=third"; }));
}

TEST_CASE("a certificate that cannot be used is told at the start") {
  const Certificate first("first"), second("second");
  const TempDir dir;
  const auto start = [&](const std::string& certificate, const std::string& key) {
    return run_command({svc_binary(), "--role=all", "--data", (dir / "data").string(), "--config=/dev/null",
                        "--port.gateway=0", "--http.tls.certificate=" + certificate, "--http.tls.key=" + key});
  };
  CHECK(start(first.certificate, "").status == 2);
  const auto other = start(first.certificate, second.key);
  CHECK(other.status == 1);
  CHECK(other.err.find(second.key) != std::string::npos);
  const auto missing = start("/nonexistent", first.key);
  CHECK(missing.status == 1);
  CHECK(missing.err.find("/nonexistent") != std::string::npos);
}

}  // namespace
