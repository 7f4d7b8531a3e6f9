#include "identity/cluster_key.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/base64url.h"
#include "base/decode.h"
#include "base/encode.h"
#include "identity/crypto.h"
#include "identity/secret_file.h"
#include "identity/token.h"

namespace svc {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t remembered = 16;

struct ClusterClaims {
  std::string svc;
  std::int64_t iat = 0, exp = 0;
  static constexpr auto fields() {
    return rows(field(&ClusterClaims::svc, "svc", ""), field(&ClusterClaims::iat, "iat", ""),
                field(&ClusterClaims::exp, "exp", ""));
  }
};

std::string header() { return base64url(R"({"alg":"HS256","typ":"svc-cluster"})"); }

}  // namespace

ClusterKey::ClusterKey(const std::filesystem::path& file, const Clock& clock) : clock_(clock) {
  initialise_crypto();
  const std::string text = read_or_make_secret(file, [] {
    std::string bytes(key_size, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return base64url(bytes) + "\n";
  });
  const auto key = from_base64url(std::string_view(text).substr(0, text.find_last_not_of(" \r\n") + 1));
  if (!key || key->size() < key_size)
    throw std::runtime_error("the cluster key in " + file.string() + " must be at least 32 bytes in base64url");
  // HMAC takes keys of any length (RFC 2104); longer ones are hashed to the size the function wants.
  key_.resize(crypto_auth_hmacsha256_KEYBYTES);
  crypto_generichash(reinterpret_cast<unsigned char*>(key_.data()), key_.size(),
                     reinterpret_cast<const unsigned char*>(key->data()), key->size(), nullptr, 0);
}

std::string ClusterKey::mac(std::string_view text) const {
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(code.data()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         reinterpret_cast<const unsigned char*>(key_.data()));
  return code;
}

std::string ClusterKey::make(std::string_view service, Time now) const {
  const ClusterClaims claims{std::string(service), now.ms / 1000, now.ms / 1000 + lifetime.count()};
  const std::string text = header() + "." + base64url(encode(claims));
  return text + "." + base64url(mac(text));
}

std::string ClusterKey::token(std::string_view service) const {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  auto found = std::ranges::find(made_, service, &Made::service);
  if (found == made_.end()) found = made_.insert(made_.end(), Made{std::string(service), {}, {}});
  const auto age = now - found->at;
  if (found->token.empty() || age >= lifetime / 2 || age < milliseconds{0}) {
    found->token = make(service, now);
    found->at = now;
  }
  return found->token;
}

std::string ClusterKey::verify(std::string_view token) const {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(verified_, token, &Made::token);
  if (known != verified_.end() && now < known->at) return known->service;  // here `at` is the end

  const auto last = token.rfind('.');
  if (last == std::string_view::npos) return {};
  const auto text = token.substr(0, last);
  const auto code = from_base64url(token.substr(last + 1));
  const auto expected = mac(text);
  if (!code || code->size() != expected.size() || sodium_memcmp(code->data(), expected.data(), expected.size()) != 0)
    return {};
  const auto first = text.find('.');
  if (first == std::string_view::npos || text.substr(0, first) != header()) return {};
  const auto json = from_base64url(text.substr(first + 1));
  const auto claims = json ? decode_answer<ClusterClaims>(*json) : Result<ClusterClaims>(fail(Code::internal, ""));
  if (!claims || !lasts(claims->exp, now)) return {};
  if (verified_.size() >= remembered) verified_.erase(verified_.begin());
  verified_.push_back({claims->svc, std::string(token), Time{claims->exp * 1000}});
  return claims->svc;
}

}  // namespace svc
