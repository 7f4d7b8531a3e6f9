#include "http/connection.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "async/counted.h"
#include "base/ascii.h"
#include "http/chunk.h"
#include "http/identify.h"
#include "http/problem.h"
#include "http/request_body.h"
#include "observe/log.h"

namespace svc::http {
namespace {

constexpr auto linger_time = seconds{1};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;
constexpr std::size_t stream_share = 256 * 1024;  // bytes of a stream before everybody else on the loop has a turn
constexpr auto stream_beat = seconds{1};          // how often a silent stream looks whether anybody still listens

// RFC 9110 section 5.6.7; made once a second on each loop.
std::string_view http_date() {
  thread_local std::time_t made_for = 0;
  thread_local std::array<char, 40> text{};
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made_for = now;
  }
  return text.data();
}

bool is_sound_request_id(std::string_view id) {
  return !id.empty() && id.size() <= longest_request_id &&
         std::ranges::all_of(id, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

Response too_busy(std::string_view reason, std::string_view detail) {
  return problem(fail(Code::unavailable, std::string(reason), std::string(detail)).value());
}

}  // namespace

Task<> Connection::serve(std::shared_ptr<Server::Shared> shared, std::size_t loop, int fd, std::string peer,
                         bool welcome) {
  {
    Connection connection(*shared, fd, peer);
    shared->by_loop[loop].insert(&connection);
    auto running = welcome ? connection.run() : connection.turn_away();
    co_await running;
    shared->by_loop[loop].erase(&connection);
  }
  shared->count_out(peer);
}

void Connection::end_if_idle() {
  if (idle_) channel_.interrupt();
}

Task<bool> Connection::shake_hands() {
  const auto limit = in_ms(shared_.options.header_timeout_ms);
  while (true) {
    const auto outcome = channel_.shake_hands();
    if (outcome != Socket::Outcome::wait) co_return outcome == Socket::Outcome::done;
    auto ready = channel_.ready(limit);
    const bool in_time = co_await ready;
    if (!in_time) co_return false;
  }
}

// Moves the next request's head from in_ to head_. False when there will be none; refused_ then holds what to
// say about it, if anything.
Task<bool> Connection::await_head() {
  HeadScanner scanner;
  bool begun = false;
  auto limit = in_ms(shared_.options.idle_timeout_ms);
  bool first = true;
  while (true) {
    if (first && in_.size() >= 2) {  // one empty line may come before a request (RFC 9112 section 2.2)
      if (in_.starts_with("\r\n")) in_.erase(0, 2);
      first = false;
    }
    const bool half = first && in_ == "\r";
    const auto state = half ? HeadScanner::State::more : scanner.scan(in_, shared_.options.limits);
    if (state == HeadScanner::State::complete) {
      head_.assign(in_, 0, scanner.end());
      in_.erase(0, scanner.end());
      co_return true;
    }
    if (state == HeadScanner::State::broken) {
      const auto& fault = scanner.fault();
      refused_ = problem(fault.status, fault.reason, fault.detail);
      co_return false;
    }
    if (!in_.empty() && !begun) {
      begun = true;
      limit = in_ms(shared_.options.header_timeout_ms);
    }
    const auto outcome = channel_.receive(in_);
    if (outcome == Socket::Outcome::closed) co_return false;
    if (outcome == Socket::Outcome::done) continue;
    idle_ = in_.empty();
    if (idle_ && shared_.stopping) co_return false;
    if (idle_) in_ = {};  // an idle connection holds no buffer
    auto ready = channel_.ready(limit);
    const bool in_time = co_await ready;
    idle_ = false;
    if (in_time) continue;
    if (!in_.empty()) refused_ = problem(408, "request_timeout", "The request's head came too slowly");
    co_return false;
  }
}

Request Connection::request_of(const RequestHead& head, Body& body) {
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.path = head.path;
  request.query = head.query;
  request.host = head.host;
  request.headers = head.headers;
  request.body = &body;
  request.peer_address = peer_;
  request.is_tls = channel_.is_tls();
  const auto id = head.headers.get("X-Request-Id");
  request.request_id = is_sound_request_id(id) ? std::string(id) : shared_.ids.next();
  return request;
}

// Says why, and ends.
Task<> Connection::refuse(Response response) {
  response.headers.emplace_back("X-Request-Id", shared_.ids.next());
  auto sending = send(response, RequestHead{}, false);
  const bool sent = co_await sending;
  if (!sent) co_return;
  auto lingering = linger();
  co_await lingering;
}

// Without reading what it wants. Who speaks TLS would have to shake hands first, for nothing.
Task<> Connection::turn_away() {
  if (channel_.is_tls()) co_return;
  auto refusing = refuse(too_busy("too_many_connections", "This address has too many connections"));
  co_await refusing;
}

Task<> Connection::run() {
  auto shaking = shake_hands();
  const bool secured = co_await shaking;
  if (!secured) co_return;
  for (std::int64_t number = 1;; ++number) {
    auto awaiting = await_head();
    const bool got_head = co_await awaiting;
    RequestHead head;
    if (got_head)
      if (const auto fault = parse_request_head(head_, shared_.options.limits, head))
        refused_ = problem(fault->status, fault->reason, fault->detail);
    if (refused_) {
      auto refusing = refuse(std::move(*refused_));
      co_await refusing;
      co_return;
    }
    if (!got_head) co_return;
    // A service of ours that is gone has given its request up, and perhaps sent it elsewhere. Carried out now, after a
    // hang, it would come behind what followed it. Strangers may close their half and go on listening.
    if (!head.headers.get(cluster_header).empty() && channel_.has_ended()) co_return;

    RequestBody body(channel_, in_, shared_, head);
    Request request = request_of(head, body);
    auto answering = answer(request);
    Response response = co_await answering;
    response.headers.emplace_back("X-Request-Id", std::move(request.request_id));

    const bool last = number >= shared_.options.requests_per_connection;
    // A body that is still to come may never be over, and what the head promises must hold behind the answer.
    const bool keep = head.keep_alive && body.is_here() && !response.close && !last && !shared_.leaving;
    auto sending = send(response, head, keep);
    const bool sent = co_await sending;
    if (!sent) co_return;
    if (!keep || !body.skip()) {
      auto lingering = linger();
      co_await lingering;
      co_return;
    }
    if (!in_.empty()) {  // who sends many requests at once gets one answer while others get theirs
      NextTurn turn;
      co_await turn;
    }
  }
}

Task<Response> Connection::answer(Request& request) {
  const Counted counted(shared_.being_answered);
  if (counted.number() > shared_.options.requests)
    co_return too_busy("overloaded", "Too many requests are being answered");
  std::string thrown;
  try {
    auto answering = shared_.handler(request);
    Response response = co_await answering;
    co_return response;
  } catch (const std::exception& exception) {
    thrown = exception.what();
  }
  log::error("defect", {{"at", "http"}, {"request", request.request_id}, {"what", thrown}});
  co_return problem(Error{Code::internal, "internal", "The log has it under this request's id"});
}

void Connection::write_head(const Response& response, bool chunked, bool keep) {
  out_.assign("HTTP/1.1 ");
  out_ += std::to_string(response.status);
  out_ += ' ';
  out_ += reason_phrase(response.status);
  out_ += "\r\nDate: ";
  out_ += http_date();
  if (!response.content_type.empty()) {
    out_ += "\r\nContent-Type: ";
    out_ += response.content_type;
  }
  if (chunked) {
    out_ += "\r\nTransfer-Encoding: chunked";
  } else if (response.source_length || (!response.source && response.status != 204 && response.status != 304)) {
    const auto length = response.source ? response.source_length : response.head_length;
    out_ += "\r\nContent-Length: ";
    out_ += std::to_string(length.value_or(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) {
    out_ += "\r\n";
    out_ += name;
    out_ += ": ";
    out_ += value;
  }
  out_ += keep ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
}

// False when the connection is of no more use.
Task<bool> Connection::send(const Response& response, const RequestHead& head, bool keep) {
  const bool head_only = head.method == "HEAD";
  if (!response.source) {
    write_head(response, false, keep);
    return channel_.send({out_, head_only ? std::string_view{} : std::string_view{response.body}}, write_limit());
  }
  return send_streamed(response, head, keep);
}

Task<bool> Connection::send_streamed(const Response& response, const RequestHead& head, bool keep) {
  auto passing = pass_on(response, head, keep);
  const bool passed = co_await passing;
  auto ending = response.source->end();
  co_await ending;
  co_return passed;
}

// HTTP/1.0 knows no chunks: there the end of the connection is the end of content whose length was not told.
Task<bool> Connection::pass_on(const Response& response, const RequestHead& head, bool keep) {
  const auto source = response.source;
  const bool chunked = head.http11 && !response.source_length;
  const bool until_close = !head.http11 && !response.source_length;
  write_head(response, chunked, keep && !until_close);
  auto sending = channel_.send({out_}, write_limit());
  const bool sent = co_await sending;
  if (!sent || head.method == "HEAD") co_return sent;
  for (std::size_t since_turn = 0;;) {
    auto making = source->next(Steady::now() + stream_beat);
    auto piece = co_await making;
    const bool stopped = shared_.stopping && source->at_stop() != Source::AtStop::wait;
    const bool cut = !piece || (stopped && !piece->end && source->at_stop() == Source::AtStop::cut);
    if (cut) {  // what has no last chunk, or less than its length, is known to be incomplete
      if (until_close) channel_.reset_at_end();
      co_return false;
    }
    const bool over = piece->end || stopped;
    if (piece->bytes.empty() && !over) {
      if (channel_.peer_gone()) co_return false;
      continue;
    }
    const bool framed = chunked && !piece->bytes.empty();
    const std::string size = framed ? chunk_head(piece->bytes.size()) : "";
    const std::string tail = std::string(framed ? "\r\n" : "") + std::string(chunked && over ? last_chunk : "");
    auto passing = channel_.send({size, piece->bytes, tail}, write_limit());
    const bool passed = co_await passing;
    if (!passed) co_return false;
    if (over) co_return !until_close;
    since_turn += piece->bytes.size();
    if (since_turn < stream_share) continue;
    since_turn = 0;
    NextTurn turn;
    co_await turn;
  }
}

// Lets the other end read the last answer before the connection goes: closing with bytes unread would reset it
// (RFC 9112 section 9.6).
Task<> Connection::linger() {
  channel_.end();
  const auto limit = Steady::now() + linger_time;
  for (std::size_t dropped = 0; dropped < linger_bytes;) {
    in_.clear();
    const auto outcome = channel_.receive(in_);
    dropped += in_.size();
    if (outcome == Socket::Outcome::closed) co_return;
    if (outcome == Socket::Outcome::done) continue;
    auto ready = channel_.ready(limit);
    const bool in_time = co_await ready;
    if (!in_time) co_return;
  }
}

}  // namespace svc::http
