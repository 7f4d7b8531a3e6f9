#include "tokens.h"

#include "identity/key_ring.h"

namespace svc::app {

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
  return keys.sign(claims);
}

}  // namespace svc::app
