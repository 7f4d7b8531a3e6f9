// Client: sends requests over kept connections. Connections belong to the loop that opened them; a request
// waits for its answer without holding a thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "async/pool.h"
#include "async/socket.h"
#include "base/fields.h"
#include "http/host_rules.h"
#include "http/parse.h"
#include "http/transport.h"

namespace svc::http {

struct Address {
  std::string host;
  int port = 0;
  auto operator<=>(const Address&) const = default;
};

/// "http://host:port", as --link takes it; nothing when it is something else.
std::optional<Address> parse_base_url(std::string_view url);

struct ClientOptions {
  std::int64_t connect_timeout_ms = 1'000;
  std::int64_t idle_connections = 64;
  std::int64_t idle_timeout_ms = 50'000;
  std::int64_t answer_limit = 8 * 1024 * 1024;
  static constexpr auto fields() {
    return rows(field(&ClientOptions::connect_timeout_ms, "connect_timeout_ms", "Time a connection may take to be made",
                      Range{10, 60'000}, Default{1'000}),
                field(&ClientOptions::idle_connections, "idle_connections",
                      "Connections kept open to one address by each thread", Range{0, 10'000}, Default{64}),
                field(&ClientOptions::idle_timeout_ms, "idle_timeout_ms",
                      "Time a kept connection may be unused; less than what servers grant", Range{100, 3'600'000},
                      Default{50'000}),
                field(&ClientOptions::answer_limit, "answer_limit", "Bytes an answer may have", Range{1024, 1 << 30},
                      Default{8 * 1024 * 1024}));
  }
};

/// The reason of an Error where nothing was sent: no connection could be made.
inline constexpr std::string_view unreachable_reason = "unreachable";

class Client {
 public:
  /// `hosts`: which addresses a name may lead to; an address that is given as such is not judged.
  explicit Client(ClientOptions options, HostRules hosts = HostRules({}));
  /// Only when no loop runs any more.
  ~Client();

  /// As Transport::roundtrip, to `address`.
  Task<Result<Response>> send(Address address, std::shared_ptr<const Outgoing> request, Steady::time_point deadline);

  /// The addresses of a host; none when its name has none. An address is its own.
  Task<Result<std::vector<std::string>>> resolve(std::string host);

  /// Ends what is under way, and refuses what comes later, so that a process that stops waits for nobody. Each is
  /// answered with Code::unavailable. Thread-safe.
  void hang_up();

 private:
  struct Connection {
    explicit Connection(int fd) : socket(fd) {}
    Socket socket;
    std::string in;
    Steady::time_point idle_since{};
  };
  using Kept = std::vector<std::unique_ptr<Connection>>;
  /// Why there is no answer, and whether a new connection may be tried.
  struct Failure {
    Error error;
    bool before_first_byte = false;
  };

  /// Among those that hang_up() ends while it lives.
  class InUse;
  /// An exchange of which both contents pass bit by bit (client_stream.h).
  class Stream;
  using Exchanged = tl::expected<Response, Failure>;

  std::unique_ptr<Connection> take_kept(const Address& address);
  void keep(const Address& address, std::unique_ptr<Connection> connection);
  Task<Result<std::unique_ptr<Connection>>> connect(Address address, Steady::time_point deadline);
  Task<Exchanged> exchange(Connection& connection, const Outgoing& request, std::string head,
                           Steady::time_point deadline, bool& reusable);
  Task<tl::expected<bool, Failure>> receive(Connection& connection, Steady::time_point deadline);

  const ClientOptions options_;
  const HostRules hosts_;
  Pool resolver_{2, 256};
  std::mutex mutex_;
  std::map<std::pair<Loop*, Address>, Kept> kept_;  // guarded by mutex_; each list is its loop's
  std::unordered_set<Connection*> in_use_;          // guarded by mutex_
  bool hung_up_ = false;                            // guarded by mutex_
};

/// The transport to one fixed address.
class RemoteTransport final : public Transport {
 public:
  RemoteTransport(Client& client, Address address) : client_(client), address_(std::move(address)) {}
  Task<Result<Response>> roundtrip(Outgoing request, Steady::time_point deadline) override {
    return client_.send(address_, std::make_shared<const Outgoing>(std::move(request)), deadline);
  }

 private:
  Client& client_;
  const Address address_;
};

}  // namespace svc::http
