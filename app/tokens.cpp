#include "tokens.h"

#include <algorithm>

#include "base/decode.h"
#include "base/encode.h"
#include "identity/key_ring.h"
#include "identity/secret_file.h"

namespace svc::app {
namespace {

// Processes that share the data directory find the keys there, whether the user module runs or not.
void publish(const std::filesystem::path& file, const Jwks& ours) {
  Jwks all;
  if (std::filesystem::exists(file))
    if (auto known = decode_answer<Jwks>(read_file(file))) all = std::move(*known);
  const auto before = all.keys.size();
  for (const auto& key : ours.keys)
    if (std::ranges::find(all.keys, key.kid, &Jwk::kid) == all.keys.end()) all.keys.push_back(key);
  if (all.keys.size() != before) write_private_file(file, encode(all));
}

}  // namespace

std::filesystem::path published_keys_file(const Settings& settings) {
  return std::filesystem::path(settings.general.data) / "keys" / "published.json";
}

std::filesystem::path cluster_key_file(const Settings& settings) {
  if (!settings.general.cluster_key.empty()) return settings.general.cluster_key;
  return std::filesystem::path(settings.general.data) / "keys" / "cluster";
}

std::string operator_token(const Settings& settings, const std::string& subject, const std::string& scope,
                           seconds time_to_live) {
  const SystemClock clock;
  KeyRing keys(user::key_ring_options(settings.user, settings.general.data), clock);
  const auto now = clock.now().ms / 1000;
  Claims claims;
  claims.sub = subject;
  claims.scope = scope;
  claims.iat = now;
  claims.exp = now + time_to_live.count();
  publish(published_keys_file(settings), keys.published());
  return keys.sign(claims);
}

}  // namespace svc::app
