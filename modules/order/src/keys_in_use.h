// KeysInUse: the idempotency keys whose first request is still being answered by this process.
// It only makes the 409 that a repetition gets meanwhile; that an order is made once is seen to by the database.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace svc::order {

class KeysInUse {
 public:
  /// Holds a key until it is destroyed.
  class Hold {
   public:
    Hold(KeysInUse& keys, std::pair<std::string, std::string> key) : keys_(&keys), key_(std::move(key)) {}
    Hold(Hold&& other) noexcept : keys_(std::exchange(other.keys_, nullptr)), key_(std::move(other.key_)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (keys_ == nullptr) return;
      const std::lock_guard lock(keys_->mutex_);
      keys_->held_.erase(key_);
    }

   private:
    KeysInUse* keys_;
    std::pair<std::string, std::string> key_;
  };

  /// Nothing when the key is held already. Thread-safe.
  std::optional<Hold> hold(const std::string& user_id, const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::pair<std::string, std::string> whole{user_id, key};
    if (!held_.insert(whole).second) return std::nullopt;
    return Hold(*this, std::move(whole));
  }

 private:
  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> held_;
};

}  // namespace svc::order
