// Listener: a listening socket, and what comes in by it. Internal to core/http.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "async/loop.h"

namespace svc::http {

/// Lives on one loop but for its construction.
class Listener final : public Watcher {
 public:
  /// Binds and listens at once. Port 0 takes any free one. Throws std::runtime_error that names the address and
  /// the reason.
  Listener(const std::string& host, int port);
  ~Listener() override;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }

  /// Whether another connection may be accepted now; asked before each.
  using MayAccept = std::function<bool()>;
  /// A connection and the address of its other end, without port. Takes ownership of `fd`.
  using Accepted = std::function<void(int fd, std::string peer)>;
  /// Accepts on this loop, until end().
  void accept_on(Loop& loop, MayAccept may_accept, Accepted accepted);
  /// New clients are refused from now on, not kept waiting.
  void end();

 private:
  void on_events(std::uint32_t events) override;
  void watch();
  void pause();

  int fd_ = -1;
  int port_ = 0;
  Loop* loop_ = nullptr;
  MayAccept may_accept_;
  Accepted accepted_;
  bool watching_ = false;
  std::optional<Loop::TimerId> resume_;
};

}  // namespace svc::http
