// Tokens: verify_token, key_id, ClusterKey::verify. An input is the text of a token; or, if it has a line end, the
// header and the claims of one, both JSON, which the harness then signs in several ways. For every input:
//   - a text is believed only if it is, to the letter, one that was signed; any other letter makes it another
//   - what is signed with the right key is believed only if its header says EdDSA, names that key and demands
//     nothing critical, and its claims are ours and have not expired
//   - without a signature, with another key's, another text's, or an HMAC made with the public key, nothing is
//     believed, whatever the header says
//   - no access token passes for a cluster token, nor the other way round
#include <sodium.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/base64url.h"
#include "fuzz.h"
#include "identity/cluster_key.h"
#include "identity/secret_file.h"
#include "identity/token.h"
#include "support/temp_dir.h"

namespace {

using namespace svc;
using svc::fuzz::Choices;
using svc::fuzz::Exact;
using svc::fuzz::must;
using Json = nlohmann::json;

constexpr Time now{1'800'000'000'000};

// Fixed, so that the corpus can hold tokens signed with it.
std::string seed_of(char c) { return std::string(SigningKey::seed_size, c); }

ClusterKey cluster_key(const Clock& clock) {
  const test::TempDir dir;
  write_private_file(dir / "cluster", base64url(seed_of('c')));
  return {dir / "cluster", clock};
}

struct World {
  SigningKey ours{seed_of('a')}, other{seed_of('b')};
  Claims claims{.sub = "0198c1b2-0000-7000-8000-000000000001",
                .scope = "customer",
                .sid = "s",
                .iat = 1'799'999'000,
                .exp = 1'800'000'900};
  std::string access = ours.sign(claims);
  ManualClock clock{now};
  ClusterKey cluster = cluster_key(clock);
  std::string cluster_token = cluster.token("order");

  bool believes(std::string_view token) const {
    const Exact exact(token);
    return verify_token(exact.view(), ours.jwk(), now).has_value();
  }
  bool belongs(std::string_view token) const {
    const Exact exact(token);
    return !cluster.verify(exact.view()).empty();
  }
};

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string sign(std::string_view text, const std::string& seed) {
  unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
  crypto_sign_seed_keypair(public_key, secret, bytes(seed));
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes(text), text.size(), secret);
  return base64url(signature);
}

std::string hmac(std::string_view text, std::string_view key) {
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(code.data()), bytes(text), text.size(), bytes(key));
  return base64url(code);
}

// What may be believed of a token that the right key signed, in the plainest way.
bool sound(std::string_view header, std::string_view claims, const Jwk& key) {
  const auto head = Json::parse(header, nullptr, false), body = Json::parse(claims, nullptr, false);
  if (!head.is_object() || !body.is_object()) return false;
  if (head.value("alg", Json{}) != "EdDSA" || head.value("kid", Json{}) != key.kid || head.contains("crit"))
    return false;
  const auto text = [&](const char* name) { return body.contains(name) && body[name].is_string(); };
  const auto number = [&](const char* name) { return body.contains(name) && body[name].is_number_integer(); };
  if (!text("iss") || body["iss"] != "svc" || !text("sub") || !text("scope") || !number("iat") || !number("exp"))
    return false;
  return body["exp"].is_number_unsigned() && body["exp"].get<std::uint64_t>() > std::uint64_t(now.ms / 1000);
}

void check_text(const World& world, std::string_view token) {
  const Exact exact(token);
  const auto key = key_id(exact.view());
  must(!world.believes(token) || token == world.access, "no text but what was signed is believed");
  must(!world.believes(token) || key == world.ours.jwk().kid, "what is believed names the key");
  must(!world.belongs(token) || token == world.cluster_token, "no text but what the cluster's key made belongs here");
}

void check_signed(const World& world, std::string_view header, std::string_view claims) {
  const std::string text = base64url(header) + "." + base64url(claims);
  const auto signature = sign(text, seed_of('a'));
  const bool is_sound = sound(header, claims, world.ours.jwk());
  const auto token = text + "." + signature;
  must(!world.believes(token) || is_sound, "what is signed is believed only if it is ours and lasts");
  must(!world.belongs(token), "an access token is no cluster token");

  must(!world.believes(text + ".") && !world.belongs(text + "."), "nothing is believed without a signature");
  must(!world.believes(text) && !world.belongs(text), "a token has three parts");
  must(!world.believes(text + "." + sign(text, seed_of('b'))), "nothing is believed that another key signed");
  must(!world.believes(text + "." + sign(text + " ", seed_of('a'))), "a signature is good for one text");
  const auto public_key = from_base64url(world.ours.jwk().x);
  const auto code = text + "." + hmac(text, *public_key);
  must(!world.believes(code) && !world.belongs(code), "the public key is no secret");
}

// One letter more, less or other.
std::string changed(std::string token, Choices& choices) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
  const auto at = choices.next(token.size());
  const char letter = letters[choices.next(letters.size())];
  switch (choices.next(3)) {
    case 0: token.insert(at, 1, letter); break;
    case 1: token.erase(at, 1); break;
    default: token[at] = letter == token[at] ? '~' : letter;
  }
  return token;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const auto input = svc::fuzz::text_of(data, size);
  must(world.believes(world.access) && world.belongs(world.cluster_token), "what was signed is believed");
  check_text(world, input);
  if (const auto end = input.find('\n'); end != std::string_view::npos)
    check_signed(world, input.substr(0, end), input.substr(end + 1));

  Choices choices(input);
  const auto access = changed(world.access, choices), cluster = changed(world.cluster_token, choices);
  must(!world.believes(access) || access == world.access, "an access token with another letter is not believed");
  must(!world.belongs(cluster) || cluster == world.cluster_token,
       "a cluster token with another letter belongs nowhere");
  must(!world.belongs(world.access) && !world.believes(world.cluster_token), "each kind of token is for its own door");
  return 0;
}
