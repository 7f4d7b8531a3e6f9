// Session: one connection to a RabbitMQ broker with one channel (AMQP 0-9-1, and RabbitMQ's own publisher
// confirms, consumer cancel notices and blocked-connection notices). It blocks: let it live on a thread of
// its own or on a Pool, never on a loop.
//
//   auto session = amqp::Session::open(*address, options);
//   auto declared = (*session)->declare("svc.events", queues);
//   auto published = (*session)->publish("svc.events", messages);
//
// Every call may fail with Code::unavailable. The session is then of no more use, and says the same again
// whatever is asked of it: open another. Reasons: amqp_unreachable, amqp_tls_failed, amqp_credentials_refused
// and amqp_vhost_refused from open(); amqp_lost (the connection broke, or nothing was heard on it for two
// heartbeats), amqp_closed_by_broker (with what the broker said), amqp_cancelled (the queue that is consumed
// is gone) and amqp_no_answer from all others. No text holds a password.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "amqp/address.h"
#include "amqp/interrupt.h"
#include "base/clock.h"
#include "base/fields.h"

struct amqp_connection_state_t_;
struct amqp_frame_t_;
struct amqp_method_t_;

namespace svc::amqp {

struct Options {
  std::string ca_file;
  std::int64_t connect_timeout_ms = 2'000;
  std::int64_t heartbeat_seconds = 20;
  std::int64_t answer_timeout_ms = 10'000;
  static constexpr auto fields() {
    return rows(field(&Options::ca_file, "ca_file",
                      "PEM file of the authorities that may vouch for the broker's certificate, with amqps://; "
                      "empty: the "
                      "system's",
                      Length{0, 4'096}, Default{""}),
                field(&Options::connect_timeout_ms, "connect_timeout_ms",
                      "Time a connection may take to be made; a process that stops may have to wait for it",
                      Range{10, 60'000}, Default{2'000}),
                field(&Options::heartbeat_seconds, "heartbeat_seconds",
                      "Longest silence on a connection; after two of them it counts as broken (the broker may ask "
                      "for less)",
                      Range{1, 600}, Default{20}),
                field(&Options::answer_timeout_ms, "answer_timeout_ms",
                      "Time the broker may take to let one in, and for its next answer, such as the confirmation of "
                      "what was published",
                      Range{10, 600'000}, Default{10'000}));
  }
};

/// A quorum queue, durable, of which one consumer at a time is served (the next when that one goes), and from
/// which nothing is dropped however often it is delivered. It gets what is published to the exchange by any
/// of its keys (those of a topic exchange: "order.*", "order.#").
struct Queue {
  std::string name;
  std::vector<std::string> keys;
};

/// Kept on disk. Texts but the body have at most 255 bytes.
struct Message {
  std::string routing_key;
  std::string id;
  std::string content_type;
  std::string body;
};

struct Delivery {
  std::uint64_t tag = 0;     ///< for acknowledge(); of this session alone
  bool redelivered = false;  ///< it may have been delivered before
  std::string routing_key;
  std::string id;
  std::string body;
};

/// librabbitmq's connection, closed with its owner.
struct Disconnect {
  std::shared_ptr<Interrupt> interrupt{};
  void operator()(amqp_connection_state_t_* connection) const;
};
using Connection = std::unique_ptr<amqp_connection_state_t_, Disconnect>;

/// One thread at a time. Who calls nothing else calls keep_alive() at least once each heartbeat, or the
/// broker ends the connection.
class Session {
 public:
  /// `interrupt`, if any, is for this session alone while it lives; it may be used again for the next.
  static Result<std::unique_ptr<Session>> open(const Address& address, const Options& options,
                                               std::shared_ptr<Interrupt> interrupt = nullptr);
  /// What was delivered and not acknowledged goes to another consumer. Waits up to a second for the broker's
  /// farewell.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Makes the durable topic exchange, the queues and the bindings that are not there yet; takes none away.
  /// One that is there with other properties is refused with Code::conflict, reason "amqp_exchange_differs"
  /// or "amqp_queue_differs", and named; that too ends the session.
  ///
  /// Declare ahead: a broker that crashes within seconds of making a queue loses what it confirmed for it,
  /// and the queue serves nobody until the broker is started anew (seen with RabbitMQ 3.10, which writes the
  /// names of new quorum queues to disk up to 3 s later).
  Result<Nothing> declare(const std::string& exchange, std::span<const Queue> queues);

  /// Returns when the broker has confirmed every message: each is then on disk in all the queues it was for.
  /// Otherwise any of them may have arrived. The exchange "" takes a message to the queue that its routing
  /// key names. A message that is for no queue is dropped by the broker, and confirmed. Refuses with
  /// Code::invalid, reason "amqp_message", what cannot be sent; nothing has been sent then, and the session
  /// remains of use. So it does where some queue did not take some of it (Code::exhausted, reason "amqp_not_taken",
  /// with their keys): all other queues have theirs. While the broker is short of memory or disk it confirms nothing:
  /// that fails as every silence does, with reason amqp_blocked.
  Result<Nothing> publish(const std::string& exchange, std::span<const Message> messages);

  /// How many messages wait in a queue, without those that were delivered and not acknowledged.
  Result<std::int64_t> waiting(const std::string& queue);

  /// Asks for a queue's messages, which receive() hands out: at most `prefetch` that are not acknowledged.
  /// Once.
  Result<Nothing> consume(const std::string& queue, std::uint16_t prefetch);
  /// Waits for the first as long as `patience`, and takes what is there then, `most` of them. None at the end
  /// of `patience`.
  Result<std::vector<Delivery>> receive(std::size_t most, milliseconds patience);
  /// How many have been delivered for it to hand out.
  std::size_t arrived() const { return arrived_.size(); }
  /// This one and all before it. The broker says nothing to that: what it did not hear is delivered again.
  Result<Nothing> acknowledge(std::uint64_t tag);

  /// Sends a heartbeat when one is due, takes what has arrived (receive() hands it out), and notices a broken
  /// connection. Does not wait.
  Result<Nothing> keep_alive();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  Session(Connection connection, const Options& options) : connection_(std::move(connection)), options_(options) {}
  tl::unexpected<Error> give_up(Error error);
  Result<bool> take_frame(Moment until);
  std::optional<Error> on_method(const amqp_method_t_& method);
  Result<Nothing> await_confirms(std::size_t left);
  Result<Nothing> end_of_rpc();
  void deliver_whole();

  Connection connection_;
  const Options options_;
  std::optional<Error> broken_;  // what every call says from now on
  std::string blocked_;          // why the broker takes nothing at present

  std::uint64_t published_ = 0;          // the number the broker gave the last message
  std::set<std::uint64_t> unconfirmed_;  // numbers
  std::vector<std::uint64_t> nacked_;    // of what is being published

  Delivery arriving_;             // a message of which not all frames are here
  std::uint64_t body_left_ = 0;   // its bytes that are not
  std::deque<Delivery> arrived_;  // for receive()
};

}  // namespace svc::amqp
