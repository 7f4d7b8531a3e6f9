// Tokens: what is signed, and what is believed. JSON Web Tokens (RFC 7519) in two kinds that can never be taken
// for each other, since each has its own algorithm and its own key:
//   access tokens   EdDSA over Ed25519 (RFC 8037), signed by the user module, verified by everyone
//   cluster tokens  HS256, made and verified with the cluster's key (cluster_key.h)
// Headers other than the expected one are refused before anything is verified, `none` and `crit` included.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/fields.h"

namespace svc {

/// A public signing key (RFC 7517, RFC 8037).
struct Jwk {
  std::string kty = "OKP", crv = "Ed25519", use = "sig", alg = "EdDSA";
  std::string kid;
  std::string x;
  static constexpr std::string_view schema_name = "Jwk";
  static constexpr auto fields() {
    return rows(field(&Jwk::kty, "kty", "Key type: OKP"), field(&Jwk::crv, "crv", "Curve: Ed25519"),
                field(&Jwk::use, "use", "Signatures only: sig"), field(&Jwk::alg, "alg", "Algorithm: EdDSA"),
                field(&Jwk::kid, "kid", "Key id: the thumbprint of RFC 7638"),
                field(&Jwk::x, "x", "The public key, base64url"));
  }
  bool operator==(const Jwk&) const = default;
};
struct Jwks {
  std::vector<Jwk> keys;
  static constexpr std::string_view schema_name = "Jwks";
  static constexpr auto fields() { return rows(field(&Jwks::keys, "keys", "Every key a valid token may name")); }
  bool operator==(const Jwks&) const = default;
};

/// Begins the scope of a token that registers instances of one service: "register:NAME".
inline constexpr std::string_view register_scope = "register:";

/// What an access token says.
struct Claims {
  std::string iss = "svc";
  std::string sub;                 ///< user id, or the name of an operator
  std::string scope;               ///< "customer", "admin" or "register:NAME"
  std::optional<std::string> sid;  ///< session; absent in operators' tokens
  std::int64_t iat = 0, exp = 0;   ///< seconds since 1970
  static constexpr auto fields() {
    return rows(field(&Claims::iss, "iss", "Issuer"), field(&Claims::sub, "sub", "Subject"),
                field(&Claims::scope, "scope", "Scope"), field(&Claims::sid, "sid", "Session"),
                field(&Claims::iat, "iat", "Issued at"), field(&Claims::exp, "exp", "Expires at"));
  }
};

/// An Ed25519 key pair.
class SigningKey {
 public:
  static constexpr std::size_t seed_size = 32;
  /// From `seed_size` secret bytes. Throws std::runtime_error when there are not that many.
  explicit SigningKey(std::string_view seed);
  static std::string random_seed();

  const Jwk& jwk() const { return jwk_; }
  std::string sign(const Claims& claims) const;

 private:
  std::array<unsigned char, 64> secret_{};
  Jwk jwk_;
};

/// The `kid` an access token names, if its header is one of ours.
std::optional<std::string> key_id(std::string_view token);

/// The claims of `token`, if `key` signed it and it has not expired. Anything else: Code::unauthenticated.
Result<Claims> verify_token(std::string_view token, const Jwk& key, Time now);

/// Whether what expires at `exp`, in seconds since 1970, has not expired. What Time cannot tell was never made here.
constexpr bool lasts(std::int64_t exp, Time now) {
  return exp > now.ms / 1000 && exp <= std::numeric_limits<std::int64_t>::max() / 1000;
}

/// The refusal of a token that is not to be believed. Says no more than that.
tl::unexpected<Error> bad_token();

}  // namespace svc
