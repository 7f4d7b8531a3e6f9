// TokenVerifier: believes or refuses access tokens, in every process. What was verified once is remembered
// until it expires, so a signature is checked once per token and process.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/task.h"
#include "contract/call.h"
#include "identity/token.h"

namespace svc {

class TokenVerifier {
 public:
  /// Asks the user module for its keys.
  using Fetch = std::function<Task<Result<Jwks>>()>;
  struct Options {
    std::filesystem::path cache_file{};  ///< published keys are kept here for when nobody can be asked; empty: not kept
    std::size_t remembered = 50'000;     ///< verified tokens remembered at most
    milliseconds refresh{300'000};       ///< keys older than this are asked for again
    milliseconds fetch_interval{1'000};  ///< pause between two questions for keys, answered or not
    int fetches_at_once = 8;             ///< what waits for keys already asked for is bounded too
  };

  TokenVerifier(const Clock& clock, Fetch fetch, Options options);

  using Verdict = Result<std::shared_ptr<const Caller>>;
  /// Thread-safe. Code::unauthenticated for a token not to be believed; Code::unavailable when its key is not
  /// known and the user module cannot be asked.
  Task<Verdict> verify(std::string token);

 private:
  struct Entry {
    std::shared_ptr<const Caller> caller;
  };
  std::shared_ptr<const Caller> recall(const std::string& token);
  void remember(std::shared_ptr<const Caller> caller);
  Task<Verdict> verify_anew(std::string token);
  std::optional<Jwks> read_kept() const;
  std::optional<Jwk> find_key(const std::string& kid);
  Task<Result<Nothing>> fetch_keys();
  Task<> refresh();
  bool keys_are_old();

  const Clock& clock_;
  const Fetch fetch_;
  const Options options_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<const Caller>> known_;
  Jwks keys_;
  Time fetched_{};
  Time tried_{};                  // when a fetch last came to its end
  std::optional<Error> trouble_;  // what it came to, when that was no keys
  int fetching_ = 0;
};

}  // namespace svc
