// A client's side of TLS on a Wire.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>

#include "support/catch.h"
#include "support/wire.h"

namespace svc::test {

/// Reads no more than is asked for.
class Secured {
 public:
  explicit Secured(int port, int least = TLS1_2_VERSION, int most = TLS1_3_VERSION, const char* ciphers = nullptr)
      : wire_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), session_(nullptr, SSL_free) {
    std::signal(SIGPIPE, SIG_IGN);                  // OpenSSL writes to those who have closed
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

}  // namespace svc::test
