#include "identity/token.h"

#include <sodium.h>

#include <stdexcept>

#include "base/base64url.h"
#include "base/decode.h"
#include "base/encode.h"
#include "identity/crypto.h"

namespace svc {
namespace {

struct Header {
  std::string alg, kid;
  std::optional<std::string> typ;
  std::optional<std::vector<std::string>> crit;
  static constexpr auto fields() {
    return rows(field(&Header::alg, "alg", ""), field(&Header::kid, "kid", ""), field(&Header::typ, "typ", ""),
                field(&Header::crit, "crit", ""));
  }
};

struct Parts {
  std::string_view header, claims, signature, signed_part;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || last == first) return std::nullopt;
  if (token.find('.', first + 1) != last) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1),
               token.substr(0, last)};
}

template <class T>
std::optional<T> decode_part(std::string_view text) {
  const auto json = from_base64url(text);
  if (!json) return std::nullopt;
  auto value = decode_answer<T>(*json);
  if (!value) return std::nullopt;
  return std::move(*value);
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

SigningKey::SigningKey(std::string_view seed) {
  initialise_crypto();
  if (seed.size() != seed_size) throw std::runtime_error("a signing key's seed has 32 bytes");
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
  static_assert(crypto_sign_SECRETKEYBYTES == sizeof secret_ && crypto_sign_SEEDBYTES == seed_size);
  crypto_sign_seed_keypair(public_key.data(), secret_.data(), bytes(seed));
  jwk_.x = base64url({reinterpret_cast<const char*>(public_key.data()), public_key.size()});
  // RFC 7638 section 3: the required members, in this order, without spaces.
  const std::string canonical = R"({"crv":"Ed25519","kty":"OKP","x":")" + jwk_.x + R"("})";
  jwk_.kid = base64url(sha256(canonical));
}

std::string SigningKey::random_seed() {
  initialise_crypto();
  std::string seed(seed_size, '\0');
  randombytes_buf(seed.data(), seed.size());
  return seed;
}

std::string SigningKey::sign(const Claims& claims) const {
  const Header header{"EdDSA", jwk_.kid, "JWT", {}};
  std::string token = base64url(encode(header)) + "." + base64url(encode(claims));
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes(token), token.size(),
                       secret_.data());
  return token + "." + base64url(signature);
}

std::optional<std::string> key_id(std::string_view token) {
  const auto parts = split(token);
  if (!parts) return std::nullopt;
  auto header = decode_part<Header>(parts->header);
  if (!header || header->alg != "EdDSA" || header->crit) return std::nullopt;
  return std::move(header->kid);
}

Result<Claims> verify_token(std::string_view token, const Jwk& key, Time now) {
  initialise_crypto();
  if (key_id(token) != key.kid) return bad_token();
  const auto parts = split(token);
  const auto signature = from_base64url(parts->signature);
  const auto public_key = from_base64url(key.x);
  if (!signature || signature->size() != crypto_sign_BYTES) return bad_token();
  if (!public_key || public_key->size() != crypto_sign_PUBLICKEYBYTES) return bad_token();
  if (crypto_sign_verify_detached(bytes(*signature), bytes(parts->signed_part), parts->signed_part.size(),
                                  bytes(*public_key)) != 0)
    return bad_token();
  auto claims = decode_part<Claims>(parts->claims);
  if (!claims || claims->iss != "svc" || !lasts(claims->exp, now)) return bad_token();
  return std::move(*claims);
}

tl::unexpected<Error> bad_token() {
  return fail(Code::unauthenticated, "token_invalid", "The token is not valid, or no longer");
}

}  // namespace svc
