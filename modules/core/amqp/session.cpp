#include "amqp/session.h"

#include "amqp/connection.h"

namespace svc::amqp {
namespace {

// Messages that may be under way without a confirmation. Enough for the broker to write many at once; so few
// that its confirmations never wait for us to read.
constexpr std::size_t window = 1'024;

// Names and keys are short strings (AMQP 0-9-1 section 4.2.5.3).
constexpr std::size_t longest_name = 255;

// RabbitMQ 4 drops what was delivered 20 times, unless told otherwise; 3 takes no number for "never".
constexpr std::int64_t deliveries_without_end = 1'000'000'000;

constexpr milliseconds farewell{1'000};

using Moment = std::chrono::steady_clock::time_point;
Moment now() { return std::chrono::steady_clock::now(); }

std::string id_of(const amqp_frame_t& header) {
  const auto& properties = *static_cast<const amqp_basic_properties_t*>(header.payload.properties.decoded);
  return (properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 ? text_of(properties.message_id) : std::string();
}

Error differs(const Closure& closure, const std::string& reason, const std::string& name) {
  return {Code::conflict, reason, name + " is there with other properties: " + closure.text};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const Address& address, const Options& options,
                                               std::shared_ptr<Interrupt> interrupt) {
  auto connection = connect(address, options, std::move(interrupt));
  if (!connection) return refusal(connection);
  std::unique_ptr<Session> session(new Session(std::move(*connection), options));
  amqp_confirm_select(session->connection_.get(), channel);
  auto confirms = session->end_of_rpc();
  if (!confirms) return refusal(confirms);
  return session;
}

Session::~Session() {
  if (broken_) return;
  const auto patience = timeval_of(farewell);
  amqp_set_rpc_timeout(connection_.get(), &patience);
  amqp_connection_close(connection_.get(), AMQP_REPLY_SUCCESS);
}

tl::unexpected<Error> Session::give_up(Error error) {
  broken_ = std::move(error);
  return fail(*broken_);
}

// What the broker answered to the call just made.
Result<Nothing> Session::end_of_rpc() {
  const auto reply = amqp_get_rpc_reply(connection_.get());
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return give_up(error_of(reply));
  amqp_maybe_release_buffers(connection_.get());
  return Nothing{};
}

Result<Nothing> Session::declare(const std::string& exchange, std::span<const Queue> queues) {
  if (broken_) return fail(*broken_);
  auto* const connection = connection_.get();
  const auto made = [&](const std::string& reason, const std::string& name) -> Result<Nothing> {
    const auto reply = amqp_get_rpc_reply(connection);
    const auto closure = reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION ? closure_in(reply.reply) : std::nullopt;
    if (closure && closure->code == AMQP_PRECONDITION_FAILED) return give_up(differs(*closure, reason, name));
    return end_of_rpc();
  };

  amqp_exchange_declare(connection, channel, bytes_of(exchange), bytes_of("topic"), 0, 1, 0, 0, amqp_empty_table);
  if (auto done = made("amqp_exchange_differs", exchange); !done) return refusal(done);
  for (const auto& queue : queues) {
    std::array arguments{text_entry("x-queue-type", "quorum"), flag_entry("x-single-active-consumer", true),
                         number_entry("x-delivery-limit", deliveries_without_end)};
    amqp_queue_declare(connection, channel, bytes_of(queue.name), 0, 1, 0, 0, table_of(arguments));
    if (auto done = made("amqp_queue_differs", queue.name); !done) return refusal(done);
    for (const auto& key : queue.keys) {
      amqp_queue_bind(connection, channel, bytes_of(queue.name), bytes_of(exchange), bytes_of(key), amqp_empty_table);
      if (auto done = end_of_rpc(); !done) return refusal(done);
    }
  }
  return Nothing{};
}

Result<Nothing> Session::publish(const std::string& exchange, std::span<const Message> messages) {
  if (broken_) return fail(*broken_);
  for (const auto& message : messages)
    for (const auto* name : {&exchange, &message.routing_key, &message.id, &message.content_type})
      if (name->size() > longest_name)
        return fail(Code::invalid, "amqp_message", "A message's names have at most 255 bytes");

  const auto before = published_;
  nacked_.clear();
  for (const auto& message : messages) {
    if (auto room = await_confirms(window - 1); !room) return refusal(room);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    properties.message_id = bytes_of(message.id);
    properties.content_type = bytes_of(message.content_type);
    const int status = amqp_basic_publish(connection_.get(), channel, bytes_of(exchange), bytes_of(message.routing_key),
                                          0, 0, &properties, bytes_of(message.body));
    if (status != AMQP_STATUS_OK) return give_up(lost(status));
    unconfirmed_.insert(++published_);
  }
  if (auto confirmed = await_confirms(0); !confirmed || nacked_.empty()) return confirmed;
  std::set<std::string> keys;
  for (const auto tag : nacked_) keys.insert(messages[tag - before - 1].routing_key);
  std::string named;
  for (const auto& key : keys) named += (named.empty() ? "" : ", ") + key;
  return fail(Code::exhausted, "amqp_not_taken", "The broker could not take what was published as " + named);
}

// Until no more than `left` messages are without confirmation. Each that comes gives the broker its time
// anew.
Result<Nothing> Session::await_confirms(std::size_t left) {
  while (unconfirmed_.size() > left) {
    const auto until = now() + milliseconds{options_.answer_timeout_ms};
    const auto before = unconfirmed_.size();
    while (unconfirmed_.size() == before) {
      auto taken = take_frame(until);
      if (!taken) return refusal(taken);
      if (*taken) continue;
      if (blocked_.empty()) return give_up(lost(AMQP_STATUS_TIMEOUT));
      return give_up(
          fail(Code::unavailable, "amqp_blocked", "The broker takes nothing at present: " + blocked_).value());
    }
  }
  return Nothing{};
}

Result<std::int64_t> Session::waiting(const std::string& queue) {
  if (broken_) return fail(*broken_);
  const auto* const told =
      amqp_queue_declare(connection_.get(), channel, bytes_of(queue), 1, 0, 0, 0, amqp_empty_table);
  const auto count = told == nullptr ? 0 : static_cast<std::int64_t>(told->message_count);
  if (auto answered = end_of_rpc(); !answered) return refusal(answered);
  return count;
}

Result<Nothing> Session::consume(const std::string& queue, std::uint16_t prefetch) {
  if (broken_) return fail(*broken_);
  amqp_basic_qos(connection_.get(), channel, 0, prefetch, 0);
  if (auto bounded = end_of_rpc(); !bounded) return refusal(bounded);
  amqp_basic_consume(connection_.get(), channel, bytes_of(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  return end_of_rpc();
}

Result<std::vector<Delivery>> Session::receive(std::size_t most, milliseconds patience) {
  if (broken_) return fail(*broken_);
  const auto until = now() + patience;
  while (arrived_.size() < most) {
    auto taken = take_frame(arrived_.empty() ? until : now());
    if (!taken) return refusal(taken);
    if (!*taken) break;
  }
  const auto end = arrived_.begin() + static_cast<std::ptrdiff_t>(std::min(most, arrived_.size()));
  std::vector<Delivery> taken(std::make_move_iterator(arrived_.begin()), std::make_move_iterator(end));
  arrived_.erase(arrived_.begin(), end);
  return taken;
}

Result<Nothing> Session::acknowledge(std::uint64_t tag) {
  if (broken_) return fail(*broken_);
  const int status = amqp_basic_ack(connection_.get(), channel, tag, 1);
  if (status != AMQP_STATUS_OK) return give_up(lost(status));
  return Nothing{};
}

Result<Nothing> Session::keep_alive() {
  if (broken_) return fail(*broken_);
  while (true) {
    auto taken = take_frame(now());
    if (!taken) return refusal(taken);
    if (!*taken) return Nothing{};
  }
}

// Takes the next frame, whatever it is. False when none came until then.
Result<bool> Session::take_frame(Moment until) {
  amqp_maybe_release_buffers(connection_.get());  // of the frame before, of which all was copied
  amqp_frame_t frame;
  const auto patience = timeval_of(std::chrono::ceil<std::chrono::microseconds>(until - now()));
  const int status = amqp_simple_wait_frame_noblock(connection_.get(), &frame, &patience);
  if (status == AMQP_STATUS_TIMEOUT) return false;
  if (status != AMQP_STATUS_OK) return give_up(lost(status));

  switch (frame.frame_type) {
    case AMQP_FRAME_METHOD:
      if (auto ended = on_method(frame.payload.method)) return give_up(std::move(*ended));
      break;
    case AMQP_FRAME_HEADER:
      arriving_.id = id_of(frame);
      body_left_ = frame.payload.properties.body_size;
      if (body_left_ == 0) deliver_whole();
      break;
    case AMQP_FRAME_BODY:
      arriving_.body += text_of(frame.payload.body_fragment);
      body_left_ -= frame.payload.body_fragment.len;
      if (body_left_ == 0) deliver_whole();
      break;
    default: break;
  }
  return true;
}

void Session::deliver_whole() { arrived_.push_back(std::exchange(arriving_, {})); }

// What the broker says by itself. Answers why the session is at its end, if it is.
std::optional<Error> Session::on_method(const amqp_method_t& method) {
  if (const auto closure = closure_in(method)) return closed_by_broker(*closure);
  switch (method.id) {
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
      if (ack.multiple) unconfirmed_.erase(unconfirmed_.begin(), unconfirmed_.upper_bound(ack.delivery_tag));
      else unconfirmed_.erase(ack.delivery_tag);
      break;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
      const auto first = nack.multiple ? unconfirmed_.begin() : unconfirmed_.lower_bound(nack.delivery_tag);
      const auto last = unconfirmed_.upper_bound(nack.delivery_tag);
      nacked_.insert(nacked_.end(), first, last);
      unconfirmed_.erase(first, last);
      break;
    }
    case AMQP_BASIC_CANCEL_METHOD:
      return fail(Code::unavailable, "amqp_cancelled", "The queue that was consumed is gone, or moves").value();
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
      arriving_ = {deliver.delivery_tag, deliver.redelivered != 0, text_of(deliver.routing_key), "", ""};
      break;
    }
    case AMQP_CONNECTION_BLOCKED_METHOD:
      blocked_ = text_of(static_cast<const amqp_connection_blocked_t*>(method.decoded)->reason);
      break;
    case AMQP_CONNECTION_UNBLOCKED_METHOD: blocked_.clear(); break;
    default: break;
  }
  return std::nullopt;
}

}  // namespace svc::amqp
