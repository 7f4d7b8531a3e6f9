#include "http/connection.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "http/problem.h"
#include "observe/log.h"

namespace svc::http {
namespace {

constexpr auto linger_time = seconds{1};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;
constexpr std::int64_t crowd = 100;  // so many connections, when they have gone, leave memory worth giving back
constexpr auto stream_beat = seconds{1};  // how often a silent stream looks whether anybody still listens

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
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

Response too_busy(std::string_view reason, std::string_view detail) {
  return problem(fail(Code::unavailable, std::string(reason), std::string(detail)).value());
}

std::string chunk_head(std::size_t size) {
  std::array<char, 16> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  return std::string(digits.data(), written.ptr) + "\r\n";
}

}  // namespace

bool Server::Shared::count_in(const std::string& peer) {
  const std::lock_guard lock(mutex);
  ++open;
  most = std::max(most, open);
  return options.connections_per_address == 0 || ++by_address[peer] <= options.connections_per_address;
}

void Server::Shared::count_out(const std::string& peer) {
  bool receded = false;
  {
    const std::lock_guard lock(mutex);
    --open;
    receded = open <= most / 2 && open <= most - crowd;
    if (receded) most = open;
    if (const auto known = by_address.find(peer); known != by_address.end() && --known->second == 0)
      by_address.erase(known);
    fewer.notify_all();
  }
  // What a crowd used lies in pieces among what is in use, and malloc keeps such pieces unless told. It takes a few
  // milliseconds, each time the crowd has halved.
  if (receded) ::malloc_trim(0);
}

bool Server::Shared::full() {
  const std::lock_guard lock(mutex);
  return open >= options.connections;
}

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

Socket::Outcome Connection::fill() {
  std::array<char, 16 * 1024> chunk;
  const auto got = channel_.read(chunk.data(), chunk.size());
  if (got.outcome == Socket::Outcome::done) in_.append(chunk.data(), got.bytes);
  return got.outcome;
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
    const auto outcome = fill();
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

Request Connection::request_of(const RequestHead& head) {
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.path = head.path;
  request.query = head.query;
  request.headers = head.headers;
  request.body = this;
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

    framing_ = head.framing;
    body_ = {};
    body_.expects_continue = head.expects_continue;
    Request request = request_of(head);
    auto answering = answer(request);
    Response response = co_await answering;
    response.headers.emplace_back("X-Request-Id", std::move(request.request_id));

    const bool last = number >= shared_.options.requests_per_connection;
    // A stream may still be reading the body; whether that is gone is seen behind it.
    const bool body_gone = response.source || skip_body();
    const bool keep = head.keep_alive && body_gone && !response.close && !last && !shared_.stopping;
    auto sending = send(response, head, keep);
    const bool sent = co_await sending;
    if (!sent) co_return;
    if (!keep || !skip_body()) {
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
  struct Counted {
    explicit Counted(std::atomic<std::int64_t>& all) : count(all), number(++all) {}
    ~Counted() { --count; }
    std::atomic<std::int64_t>& count;
    const std::int64_t number;
  };
  const Counted counted(shared_.being_answered);
  if (counted.number > shared_.options.requests)
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

// ---- the body of a request

// Whether the request's body is out of the way, so that another request can follow.
bool Connection::skip_body() {
  if (!framing_.has_body() || body_.ended) return true;
  if (!body_.begun && framing_.length && *framing_.length <= in_.size()) {
    in_.erase(0, static_cast<std::size_t>(*framing_.length));
    body_.ended = true;  // asked again, it must not skip what follows
    return true;
  }
  return false;  // it may never come, or be endless: better to end the connection
}

Task<Result<Nothing>> Connection::begin_body() {
  if (std::exchange(body_.begun, true)) co_return Nothing{};
  body_.since = Steady::now();
  body_.received = in_.size();
  if (!body_.expects_continue || !in_.empty()) co_return Nothing{};
  auto sending = send_bytes("HTTP/1.1 100 Continue\r\n\r\n", {});
  const bool sent = co_await sending;
  if (!sent) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
  co_return Nothing{};
}

// Moves what is there of the content from in_ to `into`, at most `limit` bytes in all.
Result<Nothing> Connection::take_body(std::string& into, std::size_t limit) {
  const auto before = into.size();
  bool too_large = false;
  if (framing_.chunked) {
    std::string_view bytes = in_;
    const auto fault = body_.chunks.decode(bytes, into, limit);
    in_.erase(0, in_.size() - bytes.size());
    if (fault) return fail(Code::malformed, std::string(fault->reason), std::string(fault->detail));
    too_large = body_.chunks.too_large();
    body_.ended = body_.chunks.done();
  } else {
    const auto left = *framing_.length - body_.taken;
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), left));
    too_large = before + left > limit;
    if (!too_large) {
      into.append(in_, 0, take);
      in_.erase(0, take);
      body_.ended = take == left;
    }
  }
  if (too_large)
    return fail(Code::too_large, "body_too_large", "The body may have " + std::to_string(limit) + " bytes");
  body_.taken += into.size() - before;
  return Nothing{};
}

// Receives into in_. A body has its grace, and after that must have come as fast as it has to.
Task<Result<Nothing>> Connection::more_body() {
  const auto& options = shared_.options;
  while (true) {
    const auto before = in_.size();
    const auto outcome = fill();
    body_.received += in_.size() - before;
    if (outcome == Socket::Outcome::done) co_return Nothing{};
    if (outcome == Socket::Outcome::closed) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
    const auto earned = static_cast<std::int64_t>(body_.received) * 1000 / options.body_bytes_per_second;
    auto ready = channel_.ready(body_.since + milliseconds{options.body_grace_ms + earned});
    --shared_.being_answered;  // while it waits for its client it is no work, and there may be many such
    const bool in_time = co_await ready;
    ++shared_.being_answered;
    if (!in_time) co_return fail(Code::too_slow, "body_timeout", "The body came too slowly");
  }
}

Task<Result<std::string>> Connection::read(std::size_t limit) {
  if (!framing_.has_body() || body_.ended) return Result<std::string>(std::string{});
  if (!body_.begun && framing_.length && *framing_.length <= std::min(in_.size(), limit)) {  // it came with the head
    const auto size = static_cast<std::size_t>(*framing_.length);
    body_.ended = true;
    if (in_.size() == size) return Result<std::string>(std::exchange(in_, {}));
    std::string body = in_.substr(0, size);
    in_.erase(0, size);
    return Result<std::string>(std::move(body));
  }
  return read_slowly(limit);
}

Task<Result<std::string>> Connection::read_slowly(std::size_t limit) {
  std::string body;
  // What is declared too large is refused before any of it is invited or received.
  if (framing_.length.value_or(0) <= limit) {
    auto beginning = begin_body();
    auto begun = co_await beginning;
    if (!begun) co_return refusal(begun);
  }
  while (true) {
    auto taken = take_body(body, limit);
    if (!taken) co_return refusal(taken);
    if (body_.ended) co_return body;
    auto receiving = more_body();
    auto received = co_await receiving;
    if (!received) co_return refusal(received);
  }
}

Task<Result<std::optional<std::string>>> Connection::next() {
  if (!framing_.has_body() || body_.ended) co_return std::nullopt;
  auto beginning = begin_body();
  auto begun = co_await beginning;
  if (!begun) co_return refusal(begun);
  std::string piece;
  while (true) {
    auto taken = take_body(piece, std::string::npos);
    if (!taken) co_return refusal(taken);
    if (!piece.empty()) co_return std::move(piece);
    if (body_.ended) co_return std::nullopt;
    auto receiving = more_body();
    auto received = co_await receiving;
    if (!received) co_return refusal(received);
  }
}

// ---- the answer

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
  } else if (!response.source && response.status != 204 && response.status != 304) {
    out_ += "\r\nContent-Length: ";
    out_ += std::to_string(response.head_length.value_or(response.body.size()));
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
    return send_bytes(out_, head_only ? std::string_view{} : std::string_view{response.body});
  }
  return send_streamed(response, head, keep);
}

// HTTP/1.0 knows no chunks: there the end of the connection is the end of the content.
Task<bool> Connection::send_streamed(const Response& response, const RequestHead& head, bool keep) {
  const auto source = response.source;
  write_head(response, head.http11, keep && head.http11);
  auto sending = send_bytes(out_, {});
  const bool sent = co_await sending;
  if (!sent || head.method == "HEAD") co_return sent;
  while (true) {
    auto making = source->next(Steady::now() + stream_beat);
    auto piece = co_await making;
    // Cut short where the source fails: without its last chunk the content is known to be incomplete.
    if (!piece) co_return false;
    const bool over = piece->end || shared_.stopping;
    if (piece->bytes.empty() && !over) {
      if (channel_.peer_gone()) co_return false;
      continue;
    }
    if (head.http11) {
      const std::string size = piece->bytes.empty() ? "" : chunk_head(piece->bytes.size());
      const std::string_view tail = over ? (size.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n") : "\r\n";
      auto passing = send_bytes(size, piece->bytes, tail);
      const bool passed = co_await passing;
      if (!passed) co_return false;
    } else {
      auto passing = send_bytes({}, piece->bytes);
      const bool passed = co_await passing;
      if (!passed) co_return false;
    }
    if (over) co_return head.http11;
  }
}

Task<bool> Connection::send_bytes(std::string_view head, std::string_view body, std::string_view tail) {
  const auto limit = in_ms(shared_.options.write_timeout_ms);
  std::array<std::string_view, 3> left{head, body, tail};
  while (std::ranges::any_of(left, [](auto piece) { return !piece.empty(); })) {
    std::array<iovec, 3> pieces{};
    for (std::size_t i = 0; i < left.size(); ++i) pieces[i] = {const_cast<char*>(left[i].data()), left[i].size()};
    auto sent = channel_.write(pieces);
    if (sent.outcome == Socket::Outcome::closed) co_return false;
    if (sent.outcome == Socket::Outcome::wait) {
      auto ready = channel_.ready(limit);
      const bool in_time = co_await ready;
      if (!in_time) co_return false;
      continue;
    }
    for (auto& piece : left) {
      const auto gone = std::min(sent.bytes, piece.size());
      piece.remove_prefix(gone);
      sent.bytes -= gone;
    }
  }
  co_return true;
}

// Lets the other end read the last answer before the connection goes: closing with bytes unread would reset it
// (RFC 9112 section 9.6).
Task<> Connection::linger() {
  channel_.end();
  const auto limit = Steady::now() + linger_time;
  for (std::size_t dropped = 0; dropped < linger_bytes;) {
    in_.clear();
    const auto outcome = fill();
    dropped += in_.size();
    if (outcome == Socket::Outcome::closed) co_return;
    if (outcome == Socket::Outcome::done) continue;
    auto ready = channel_.ready(limit);
    const bool in_time = co_await ready;
    if (!in_time) co_return;
  }
}

}  // namespace svc::http
