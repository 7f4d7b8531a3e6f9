// Tls: HTTPS on a listening port, by OpenSSL. TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only
// (RFC 9325 section 4.2).
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/check.h"
#include "base/fields.h"

struct ssl_ctx_st;
struct ssl_st;

namespace svc::http {

struct TlsOptions {
  std::string certificate;
  std::string key;
  static constexpr auto fields() {
    return rows(field(&TlsOptions::certificate, "certificate",
                      "PEM file of the certificate and those that vouch for it, for HTTPS on the gateway's "
                      "port; read anew "
                      "on SIGHUP; empty: plain HTTP",
                      Length{0, 4'096}, Default{""}),
                field(&TlsOptions::key, "key", "PEM file of its private key", Length{0, 4'096}, Default{""}));
  }
  bool on() const { return !certificate.empty(); }
  void check_whole(Violations& found) const {
    if (certificate.empty() != key.empty())
      report(found, {certificate.empty() ? "/certificate" : "/key", "required", "given, since the other is"});
  }
};

/// What all connections of a port share. Thread-safe.
class TlsContext {
 public:
  /// Throws std::runtime_error that names the file and the reason.
  explicit TlsContext(TlsOptions options);

  /// Reads the files anew: connections made from now on use them. Throws as the constructor does, and then goes on
  /// with what it had.
  void reload();

  using Session = std::unique_ptr<ssl_st, void (*)(ssl_st*)>;
  /// The server's side of TLS on a connection that was accepted.
  Session accept(int fd) const;

 private:
  using Context = std::shared_ptr<ssl_ctx_st>;
  static Context load(const TlsOptions& options);

  const TlsOptions options_;
  mutable std::mutex mutex_;
  Context context_;  // guarded by mutex_
};

}  // namespace svc::http
