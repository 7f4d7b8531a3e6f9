// Foreign services for tests: programs that are not ours, which register with the registry and say on the wire whatever
// a test wants; and the gateway that stands before them, the real binary.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/system.h"
#include "support/wire.h"

namespace svc::test {

/// One connection as a foreign service sees it. Reads and writes block.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  /// The next request's head, its empty line included; empty when there is none any more.
  std::string head();
  /// Up to `most` bytes of what follows; empty at the end.
  std::string bytes(std::size_t most = 64 * 1024);
  /// What follows until `end` has come, without it. All of it when the connection ends first.
  std::string until(std::string_view end);
  /// False when the other end is gone.
  bool send(std::string_view bytes);
  /// What fits into the socket's buffers now.
  std::size_t send_some(std::string_view bytes);
  /// An answer with a length.
  bool answer(const std::string& body, const std::string& fields = "", const std::string& status = "200 OK");
  /// Whether the other end goes, within half a minute.
  bool left();
  void reset();

 private:
  const int fd_;
  std::string in_;
};

/// What a service is to say, as the test has it now.
class Saying {
 public:
  Saying& operator=(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
    return *this;
  }
  std::string now() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// Answers each request by `serve`, which gets its head, in a thread for each connection. When it answers false the
/// connection is closed. How it is, it does not tell: 404 for /health/ready.
class ForeignService {
 public:
  using Serve = std::function<bool(Peer&, const std::string& head)>;
  explicit ForeignService(Serve serve);
  ~ForeignService();
  ForeignService(const ForeignService&) = delete;
  ForeignService& operator=(const ForeignService&) = delete;

  int port() const { return port_; }
  /// Requests seen, but for those of the registry.
  int asked() const { return asked_; }
  /// As after kill -9: whoever is connected is reset, and nobody accepts.
  void kill();

 private:
  void accept_all();
  void talk(int fd);

  const Serve serve_;
  int listener_ = -1, port_ = 0;
  std::atomic<int> asked_{0};
  std::atomic<bool> dead_{false};
  std::mutex mutex_;
  std::list<int> open_;               // guarded by mutex_
  std::vector<std::thread> talking_;  // guarded by mutex_
  std::thread accepting_;
};

/// The whole system in one process, with a configuration file.
class Edge {
 public:
  /// `routes`: of the file, `[[gateway.routes]]` and what follows.
  explicit Edge(const std::string& routes, std::vector<std::string> flags = {});

  /// Registers a program, and waits until the gateway knows it. Answers its instance's id.
  std::string add(const std::string& service, int port);
  std::string token(const std::string& scope) const;
  int gateway() const { return ports_.at("gateway"); }
  int registry() const { return ports_.at("registry"); }
  Child& process() { return *child_; }
  std::string logs() const;
  /// Most memory it has used so far (VmHWM, proc(5)), in KiB.
  long peak_kib() const;
  /// One request on a connection of its own.
  Reply ask(const std::string& method, const std::string& target, const std::string& fields = "",
            const std::string& body = "") const;

 private:
  TempDir dir_;
  std::map<std::string, int> ports_;
  std::map<std::string, int> added_;
  std::unique_ptr<Child> child_;
};

/// A table of the file. `more`: further lines.
std::string route(const std::string& prefix, const std::string& service, const std::string& more = "");

/// The value of a field in a head as it came; empty when it is not there. Case counts.
std::string field_of(const std::string& head, const std::string& name);

}  // namespace svc::test
