// Connection: one client of the server, from its first byte to its last, as a coroutine. Internal to core/http.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "http/channel.h"
#include "http/message.h"
#include "http/parse.h"
#include "http/server.h"

namespace svc::http {

class Connection;

/// What the connections of one server share. They hold it, so it outlives the server when one of them is slow to end.
struct Server::Shared {
  Handler handler;
  ServerOptions options;
  const TlsContext* tls = nullptr;
  SystemClock clock;
  Uuid7 ids{clock};
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> being_answered{0};
  std::vector<std::unordered_set<Connection*>> by_loop;  // each set is touched by its own loop only

  std::mutex mutex;  // guards what follows
  std::condition_variable fewer;
  std::int64_t open = 0;
  std::int64_t most = 0;  // open at once, since memory was last given back
  std::map<std::string, std::int64_t, std::less<>> by_address;  // counted only while there is a limit

  /// Counts a connection in; false when its address has too many, which are counted all the same.
  bool count_in(const std::string& peer);
  void count_out(const std::string& peer);
  bool full();
};

class Connection final : public Body {
 public:
  /// Serves a client on the current loop, the `loop`-th. `welcome` false: it is told to come back later.
  static Task<> serve(std::shared_ptr<Server::Shared> shared, std::size_t loop, int fd, std::string peer, bool welcome);

  void end_if_idle();
  void abort() { channel_.abort(); }

  // Body
  Task<Result<std::string>> read(std::size_t limit) override;
  Task<Result<std::optional<std::string>>> next() override;
  bool empty() const override { return !framing_.has_body(); }

 private:
  Connection(Server::Shared& shared, int fd, std::string peer)
      : shared_(shared), channel_(fd, shared.tls), peer_(std::move(peer)) {}

  Task<> run();
  Task<> turn_away();
  Task<bool> shake_hands();
  Task<bool> await_head();
  Task<> refuse(Response response);
  Task<Response> answer(Request& request);
  Task<bool> send(const Response& response, const RequestHead& head, bool keep);
  Task<bool> send_streamed(const Response& response, const RequestHead& head, bool keep);
  Task<bool> send_bytes(std::string_view head, std::string_view body, std::string_view tail = {});
  Task<> linger();
  Task<Result<std::string>> read_slowly(std::size_t limit);
  Task<Result<Nothing>> begin_body();
  Task<Result<Nothing>> more_body();
  Result<Nothing> take_body(std::string& into, std::size_t limit);
  void write_head(const Response& response, bool chunked, bool keep);
  Request request_of(const RequestHead& head);
  bool skip_body();
  Socket::Outcome fill();
  Steady::time_point in_ms(std::int64_t ms) const { return Steady::now() + milliseconds{ms}; }

  Server::Shared& shared_;
  Channel channel_;
  const std::string peer_;
  std::string in_;   // received and not yet used
  std::string head_; // of the present request
  std::string out_;  // head of the present answer
  bool idle_ = false;
  std::optional<Response> refused_;  // by await_head

  // The present request's body.
  struct Incoming {
    bool begun = false;
    bool ended = false;
    bool expects_continue = false;
    std::uint64_t taken = 0;     // of its content
    std::uint64_t received = 0;  // of its bytes, framing included
    Steady::time_point since;
    ChunkedDecoder chunks;
  };
  Framing framing_;
  Incoming body_;
};

}  // namespace svc::http
