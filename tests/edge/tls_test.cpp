// HTTPS on the gateway's port: which protocols, which certificate, and the same limits as without.
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using std::chrono::milliseconds;

// A client's side of TLS on a Wire. Reads no more than is asked for.
class Secured {
 public:
  explicit Secured(int port, int least = TLS1_2_VERSION, int most = TLS1_3_VERSION, const char* ciphers = nullptr)
      : wire_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), session_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);  // what is refused here is refused by the server
    SSL_CTX_set_min_proto_version(context_.get(), least);
    SSL_CTX_set_max_proto_version(context_.get(), most);
    if (ciphers != nullptr) REQUIRE(SSL_CTX_set_cipher_list(context_.get(), ciphers) == 1);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), wire_.fd());
    const timeval patience{20, 0};
    ::setsockopt(wire_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    agreed_ = SSL_connect(session_.get()) == 1;
  }
  bool agreed() const { return agreed_; }
  std::string version() const { return SSL_get_version(session_.get()); }
  std::string subject() const {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(session_.get()), X509_free);
    std::array<char, 200> name{};
    X509_NAME_oneline(X509_get_subject_name(peer.get()), name.data(), static_cast<int>(name.size()));
    return name.data();
  }
  void send(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const int sent = SSL_write(session_.get(), text.data() + done, static_cast<int>(text.size() - done));
      if (sent <= 0) return;
      done += static_cast<std::size_t>(sent);
    }
  }
  // All that comes to the end; `orderly` tells whether the end was announced, so that nothing was cut off.
  std::string read_to_end(bool& orderly) {
    std::string text;
    std::array<char, 16 * 1024> piece;
    int got = 0;
    while ((got = SSL_read(session_.get(), piece.data(), static_cast<int>(piece.size()))) > 0)
      text.append(piece.data(), static_cast<std::size_t>(got));
    orderly = SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN;
    return text;
  }
  std::string read_some() {
    std::array<char, 16 * 1024> piece;
    const int got = SSL_read(session_.get(), piece.data(), static_cast<int>(piece.size()));
    return {piece.data(), static_cast<std::size_t>(std::max(got, 0))};
  }

 private:
  Wire wire_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
  bool agreed_ = false;
};

struct Certificate {
  TempDir dir;
  std::string certificate = dir / "certificate.pem", key = dir / "key.pem";

  explicit Certificate(const std::string& name) { make(name); }
  void make(const std::string& name) const {
    const auto made =
        run_command({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                     "-days", "2", "-subj", "/CN=" + name, "-keyout", key, "-out", certificate});
    INFO(made.err);
    REQUIRE(made.status == 0);
  }
  std::vector<std::string> flags() const { return {"--http.tls.certificate=" + certificate, "--http.tls.key=" + key}; }
};

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

  certificate.make("second");
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

  certificate.make("third");
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
