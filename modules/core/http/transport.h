// Transport: brings a request to a service and its answer back. Links (link.h) and the gateway stand on it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"

namespace svc::http {

/// How an exchange goes whose content is too much to be held, or has no end: it passes bit by bit, no faster than who
/// gets it takes it. The answer's content is then a Response::source, which holds the connection.
struct Streaming {
  Body* content = nullptr;  ///< of the request, in place of Outgoing::body; lives until the answer's source has ended
  milliseconds head_timeout{10'000};  ///< for the answer's head, counted from the end of the request's content
  milliseconds idle_timeout{60'000};  ///< between two pieces, either way; not for events, which come when they come
};

/// A request to be sent.
struct Outgoing {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  /// Whether it may be sent a second time when nobody knows if it was heard.
  bool repeatable = false;
  /// Of what is repeatable: whether it may be under way twice. The one that hangs may be carried out when it wakes,
  /// behind what came after the other.
  bool may_overlap = true;
  /// Which operation it asks for, as its circuit breaker tells it from others.
  std::string_view operation{};
  /// Time that even a quick answer may take, since it waits for things to happen.
  milliseconds patience{0};
  /// One with content is never repeatable: what was taken of it is gone.
  std::optional<Streaming> streaming{};
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// An answer of any status, or why there is none: Code::unavailable or Code::timeout; either way the request
  /// may have been carried out. Thread-safe.
  virtual Task<Result<Response>> roundtrip(Outgoing request, Steady::time_point deadline) = 0;
};

/// What a caller, and perhaps a client, may know of a failure on the way to `target`: not addresses. The
/// particulars go to the log.
Error told_failure(const std::string& target, const Error& particulars);

/// Straight to a router in this process, through everything HTTP but the network. Made for tests that look for
/// what cannot travel.
class Router;
class Loopback final : public Transport {
 public:
  explicit Loopback(const Router& router) : router_(router) {}
  Task<Result<Response>> roundtrip(Outgoing request, Steady::time_point deadline) override;

 private:
  const Router& router_;
};

}  // namespace svc::http
