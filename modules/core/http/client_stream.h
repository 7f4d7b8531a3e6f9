// Client::Stream: an exchange over one connection of the client's, of which both contents pass bit by bit; and what it
// shares with exchanges that are held whole. Internal to core/http.
#pragma once

#include <sys/socket.h>

#include "async/event.h"
#include "http/client.h"

namespace svc::http {

inline Error no_answer_in_time() { return Error{Code::timeout, "no_answer", "No answer in time"}; }

inline Error connection_lost() {
  Error error{Code::unavailable, "connection_lost", "The connection ended before the answer"};
  error.retry_after = 1;
  return error;
}

/// RFC 9112 section 6.3, the first two of its rules.
constexpr bool has_no_content(std::string_view method, int status) {
  return method == "HEAD" || status == 204 || status == 304;
}

class Client::InUse {
 public:
  InUse(Client& client, Connection& connection) : client_(client), connection_(connection) {
    const std::lock_guard lock(client_.mutex_);
    client_.in_use_.insert(&connection_);
    if (client_.hung_up_) ::shutdown(connection_.socket.fd(), SHUT_RDWR);
  }
  ~InUse() {
    const std::lock_guard lock(client_.mutex_);
    client_.in_use_.erase(&connection_);
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  Client& client_;
  Connection& connection_;
};

/// Lives on one loop. Two coroutines share it: the pump sends the request's content, while begin(), and after it
/// who asks next(), receive the answer. So neither waits for the other, as between programs that answer while they
/// are asked. Holds the connection until the answer's end, and keeps it for others if it is fit for that.
class Client::Stream final : public Source {
 public:
  Stream(Client& client, Address address, std::unique_ptr<Connection> connection, const Outgoing& request);

  /// Sends `head`, and answers once the answer's head is there. On failure nothing of the request is used any more.
  Task<Exchanged> begin(std::shared_ptr<Stream> self, std::string head, Steady::time_point deadline);

  Task<Result<Piece>> next(Steady::time_point limit) override;
  Task<> end() override;
  AtStop at_stop() const override { return endless_ ? AtStop::cut : AtStop::wait; }

 private:
  enum class Sent { all, refused, late };
  struct Received {
    ResponseHead head;
    std::string text;  // that `head` refers to
  };

  static Task<> pump(std::shared_ptr<Stream> self);
  Task<Result<Nothing>> send_content();
  Task<Sent> write(std::array<std::string_view, 3> left, Steady::time_point limit);
  Task<tl::expected<Nothing, Failure>> receive_head(std::shared_ptr<Received> into);
  std::optional<Error> take_content(std::string& into);
  Response answer_of(const ResponseHead& head);
  Socket::Transfer receive();
  void finish();
  Steady::time_point idle_limit() const { return Steady::now() + streaming_.idle_timeout; }

  Client& client_;
  const Address address_;
  std::unique_ptr<Connection> connection_;
  std::optional<InUse> in_use_;
  const Streaming streaming_;
  const bool head_only_;

  bool pumping_ = false;
  bool sent_whole_ = true;        // all of the request
  std::optional<Error> failure_;  // of its content
  Event pumped_;
  Steady::time_point head_limit_;

  Framing framing_;
  bool has_content_ = false, until_close_ = false, reusable_ = false, endless_ = false, ended_ = false;
  std::uint64_t taken_ = 0;  // of the answer's content
  ChunkedDecoder chunks_;
  std::optional<Steady::time_point> silent_until_;  // since nothing comes
};

}  // namespace svc::http
