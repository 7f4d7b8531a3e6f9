// How a process hosts the user module. Included by app and tests only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/fields.h"
#include "identity/key_ring.h"
#include "module/module.h"
#include "user/user.h"

namespace svc::user {

struct Config {
  std::int64_t token_seconds = 900;
  std::string bootstrap_email;
  std::int64_t signing_key_days = 30;
  std::int64_t hash_memory_kib = 19 * 1024;
  std::int64_t hash_passes = 2;
  std::int64_t hash_threads = 2;
  std::int64_t hash_queue = 64;
  std::int64_t failures_per_account = 10;
  std::int64_t failures_per_address = 100;
  std::int64_t failure_window_seconds = 900;
  static constexpr auto fields() {
    return rows(
        field(&Config::token_seconds, "token_seconds", "How long an access token is good for", Range{1, 86'400},
              Default{900}),
        field(&Config::bootstrap_email, "bootstrap_email", "The account of this e-mail is an admin; empty: none",
              Length{0, 254}, Default{""}),
        field(&Config::signing_key_days, "signing_key_days",
              "Age at which the key that signs tokens is followed by a new one; 0: never", Range{0, 3'650},
              Default{30}),
        field(&Config::hash_memory_kib, "hash_memory_kib", "Memory of one password hash (Argon2id)",
              Range{19 * 1024, 1 << 20}, Default{19 * 1024}),
        field(&Config::hash_passes, "hash_passes", "Passes of one password hash (Argon2id)", Range{2, 100}, Default{2}),
        field(&Config::hash_threads, "hash_threads", "Password hashes computed at once", Range{1, 64}, Default{2}),
        field(&Config::hash_queue, "hash_queue", "Sign-ins that may wait for that; more are refused with 503",
              Range{1, 10'000}, Default{64}),
        field(&Config::failures_per_account, "failures_per_account",
              "Failed sign-ins to one account in the window, then 429", Range{1, 1'000'000}, Default{10}),
        field(&Config::failures_per_address, "failures_per_address",
              "Failed sign-ins from one address in the window, then 429", Range{1, 1'000'000}, Default{100}),
        field(&Config::failure_window_seconds, "failure_window_seconds", "The window in which they are counted",
              Range{1, 86'400}, Default{900}));
  }
  void check_whole(Violations& found) const {
    if (!bootstrap_email.empty() && !is_email_address(bootstrap_email))
      report(found, {"/bootstrap_email", "format", "an e-mail address"});
  }
};

/// Where the signing keys of a data directory are, and how they are followed. `svc token` uses them too.
KeyRing::Options key_ring_options(const Config& config, const std::filesystem::path& data);

/// `database`: the module's SQLite file. Throws std::runtime_error when it, or the keys, cannot be used.
std::unique_ptr<Hosted<Users>> make(const Config& config, const Environment& environment,
                                    const std::filesystem::path& database);

}  // namespace svc::user
