#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace svc::http {
namespace {

// ECDHE with AES-GCM or ChaCha20-Poly1305; of TLS 1.3 OpenSSL offers nothing else anyway.
constexpr auto tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

std::string reason() {
  const auto first = ERR_peek_error();  // what follows only says where it was met
  const char* const text = ERR_GET_LIB(first) == ERR_LIB_SYS ? std::strerror(ERR_GET_REASON(first))
                                                             : ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text != nullptr ? text : "unknown error";
}

void check(long result, const std::string& what) {
  if (result != 1) throw std::runtime_error(what + ": " + reason());
}

// RFC 7301: we speak HTTP/1.1, whatever else the client would like.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, ours, sizeof ours, offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

TlsContext::Context TlsContext::load(const TlsOptions& options) {
  const Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX* const raw = context.get();
  check(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION), "TLS");
  check(SSL_CTX_set_cipher_list(raw, tls12_ciphers), "TLS ciphers");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  check(SSL_CTX_use_certificate_chain_file(raw, options.certificate.c_str()),
        "cannot use certificate " + options.certificate);
  check(SSL_CTX_use_PrivateKey_file(raw, options.key.c_str(), SSL_FILETYPE_PEM), "cannot use key " + options.key);
  check(SSL_CTX_check_private_key(raw), "key " + options.key + " does not belong to " + options.certificate);
  return context;
}

TlsContext::TlsContext(TlsOptions options) : options_(std::move(options)), context_(load(options_)) {}

void TlsContext::reload() {
  auto fresh = load(options_);
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
}

TlsContext::Session TlsContext::accept(int fd) const {
  Context context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  Session session(SSL_new(context.get()), SSL_free);  // keeps its context by itself
  if (!session || SSL_set_fd(session.get(), fd) != 1) throw std::bad_alloc();
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace svc::http
