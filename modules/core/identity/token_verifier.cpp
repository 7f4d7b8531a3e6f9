#include "identity/token_verifier.h"

#include <algorithm>

#include "base/decode.h"
#include "base/encode.h"
#include "identity/secret_file.h"
#include "observe/log.h"

namespace svc {
namespace {

// Scopes are parted by spaces (RFC 6749 section 3.3).
void grant(Caller& caller, std::string_view scopes) {
  while (!scopes.empty()) {
    const auto scope = scopes.substr(0, scopes.find(' '));
    scopes.remove_prefix(std::min(scope.size() + 1, scopes.size()));
    if (scope == "admin") caller.admin = true;
    else if (scope == "customer") caller.customer = true;
    else if (scope.starts_with(register_scope)) caller.registers.emplace_back(scope.substr(register_scope.size()));
  }
}

std::shared_ptr<const Caller> caller_of(Claims claims, std::string token) {
  auto caller = std::make_shared<Caller>();
  caller->subject = std::move(claims.sub);
  grant(*caller, claims.scope);
  caller->session = claims.sid.has_value();
  caller->token = std::move(token);
  caller->expires = Time{claims.exp * 1000};
  return caller;
}

}  // namespace

TokenVerifier::TokenVerifier(const Clock& clock, Fetch fetch, Options options)
    : clock_(clock), fetch_(std::move(fetch)), options_(std::move(options)) {
  // Keys of an earlier run: tokens can be verified while the user module is away.
  if (auto kept = read_kept()) keys_ = std::move(*kept);
}

// Trusted as the file is: it lies beside the cluster's key, with the same mode.
std::optional<Jwks> TokenVerifier::read_kept() const {
  if (options_.cache_file.empty() || !std::filesystem::exists(options_.cache_file)) return std::nullopt;
  auto kept = decode_answer<Jwks>(read_file(options_.cache_file));
  if (kept) return std::move(*kept);
  log::warn("kept_keys_unreadable", {{"file", options_.cache_file.string()}});
  return std::nullopt;
}

Task<TokenVerifier::Verdict> TokenVerifier::verify(std::string token) {
  if (auto caller = recall(token)) return Verdict(std::move(caller));
  return verify_anew(std::move(token));
}

Task<TokenVerifier::Verdict> TokenVerifier::verify_anew(std::string token) {
  const auto kid = key_id(token);
  if (!kid) co_return bad_token();
  auto key = find_key(*kid);
  if (key && keys_are_old()) detach(refresh());  // nobody need wait for it
  if (!key) {
    auto fetching = fetch_keys();
    auto fetched = co_await fetching;
    if (!fetched) co_return refusal(fetched);
    key = find_key(*kid);
    if (!key) co_return bad_token();
  }
  auto claims = verify_token(token, *key, clock_.now());
  if (!claims) co_return refusal(claims);
  auto caller = caller_of(std::move(*claims), std::move(token));
  remember(caller);
  co_return caller;
}

std::shared_ptr<const Caller> TokenVerifier::recall(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(token);
  if (known == known_.end()) return nullptr;
  if (clock_.now() < known->second->expires) return known->second;
  known_.erase(known);
  return nullptr;
}

void TokenVerifier::remember(std::shared_ptr<const Caller> caller) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= options_.remembered) {
    std::erase_if(known_, [now = clock_.now()](const auto& entry) { return entry.second->expires <= now; });
    if (known_.size() >= options_.remembered) known_.clear();  // rare, and costs only verifying again
  }
  std::string token = caller->token;
  known_.insert_or_assign(std::move(token), std::move(caller));
}

std::optional<Jwk> TokenVerifier::find_key(const std::string& kid) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(keys_.keys, kid, &Jwk::kid);
  if (found == keys_.keys.end()) return std::nullopt;
  return *found;
}

bool TokenVerifier::keys_are_old() {
  const std::lock_guard lock(mutex_);
  return clock_.now() - fetched_ > options_.refresh;
}

Task<> TokenVerifier::refresh() {
  auto fetching = fetch_keys();
  auto fetched = co_await fetching;
  if (!fetched) log::warn("keys_not_refreshed", {{"reason", fetched.error().reason}});
}

Task<Result<Nothing>> TokenVerifier::fetch_keys() {
  {
    // Tokens with made-up key ids must not become a flood of questions to the user module, nor of waiting when it
    // does not answer.
    const std::lock_guard lock(mutex_);
    if (clock_.now() - tried_ < options_.fetch_interval) {
      if (trouble_) co_return fail(*trouble_);
      co_return Nothing{};
    }
    if (fetching_ >= options_.fetches_at_once)
      co_return fail(Code::unavailable, "keys_awaited", "The keys that verify tokens are being asked for");
    ++fetching_;
  }
  auto asking = fetch_();
  auto keys = co_await asking;
  // Not answered: others that share the data directory may have put keys there since.
  const auto kept = keys ? std::nullopt : read_kept();
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    --fetching_;
    tried_ = clock_.now();
    if (kept && *kept != keys_) {
      keys_ = *kept;
      trouble_.reset();
      co_return Nothing{};
    }
    trouble_ = keys ? std::nullopt : std::optional(keys.error());
    if (!keys) co_return refusal(keys);
    changed = keys_ != *keys;
    keys_ = *keys;
    fetched_ = clock_.now();
  }
  if (changed && !options_.cache_file.empty()) {
    try {
      write_private_file(options_.cache_file, encode(*keys));
    } catch (const std::exception& failure) {
      // The keys are good; only the next start may have to ask for them.
      log::warn("keys_not_kept", {{"why", failure.what()}});
    }
  }
  co_return Nothing{};
}

}  // namespace svc
