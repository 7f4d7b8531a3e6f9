#include "passwords.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

#include "identity/crypto.h"

namespace svc::user {
namespace {

std::string hash_now(const std::string& password, unsigned long long passes, std::size_t memory) {
  std::array<char, crypto_pwhash_STRBYTES> hash;
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), passes, memory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::runtime_error("out of memory for a password hash");
  return hash.data();
}

std::string random_password() {
  initialise_crypto();
  std::string password(32, '\0');
  randombytes_buf(password.data(), password.size());
  return password;
}

}  // namespace

Passwords::Passwords(const Config& config)
    : passes_(static_cast<unsigned long long>(config.hash_passes)),
      memory_(static_cast<std::size_t>(config.hash_memory_kib) * 1024),
      nobodys_(hash_now(random_password(), passes_, memory_)),
      pool_(static_cast<std::size_t>(config.hash_threads), static_cast<std::size_t>(config.hash_queue)) {}

Task<Result<std::string>> Passwords::hash(std::string password) {
  return pool_.run([this, password = std::move(password)] { return hash_now(password, passes_, memory_); });
}

Task<Result<bool>> Passwords::verify(std::string password, std::string hash) {
  return pool_.run([this, password = std::move(password), hash = std::move(hash)] {
    const std::string& against = hash.empty() ? nobodys_ : hash;
    const bool same = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
    return same && !hash.empty();
  });
}

}  // namespace svc::user
