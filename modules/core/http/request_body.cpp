#include "http/request_body.h"

#include <algorithm>
#include <utility>

#include "http/server_shared.h"

namespace svc::http {

bool RequestBody::is_here() const {
  if (!framing_.has_body() || ended_) return true;
  return !begun_ && framing_.length && *framing_.length <= in_.size();
}

bool RequestBody::skip() {
  if (!is_here()) return false;  // it may never come, or be endless: better to end the connection
  if (framing_.has_body() && !ended_) in_.erase(0, static_cast<std::size_t>(*framing_.length));
  ended_ = true;  // asked again, it must not skip what follows
  return true;
}

void RequestBody::abandon() {
  abandoned_ = true;
  channel_.interrupt();
}

Task<Result<Nothing>> RequestBody::begin() {
  if (std::exchange(begun_, true)) co_return Nothing{};
  since_ = Steady::now();
  received_ = in_.size();
  if (!expects_continue_ || !in_.empty()) co_return Nothing{};
  const auto limit = Steady::now() + milliseconds{shared_.options.write_timeout_ms};
  auto sending = channel_.send({"HTTP/1.1 100 Continue\r\n\r\n"}, limit);
  const bool sent = co_await sending;
  if (!sent) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
  co_return Nothing{};
}

// Moves what is there of the content from in_ to `into`, at most `limit` bytes in all.
Result<Nothing> RequestBody::take_content(std::string& into, std::size_t limit) {
  const auto before = into.size();
  bool too_large = false;
  if (framing_.chunked) {
    std::string_view bytes = in_;
    const auto fault = chunks_.decode(bytes, into, limit);
    in_.erase(0, in_.size() - bytes.size());
    if (fault) return fail(Code::malformed, std::string(fault->reason), std::string(fault->detail));
    too_large = chunks_.too_large();
    ended_ = chunks_.done();
  } else {
    const auto left = *framing_.length - taken_;
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), left));
    too_large = before + left > limit;
    if (!too_large) {
      into.append(in_, 0, take);
      in_.erase(0, take);
      ended_ = take == left;
    }
  }
  if (too_large)
    return fail(Code::too_large, "body_too_large", "The body may have " + std::to_string(limit) + " bytes");
  taken_ += into.size() - before;
  return Nothing{};
}

// Receives into in_. A body has its grace, and after that must have come as fast as it has to.
Task<Result<Nothing>> RequestBody::receive_more() {
  const auto& options = shared_.options;
  while (true) {
    if (abandoned_) co_return fail(Code::malformed, "body_cut_short", "The body is not wanted any more");
    const auto before = in_.size();
    const auto outcome = channel_.receive(in_);
    received_ += in_.size() - before;
    if (outcome == Socket::Outcome::done) co_return Nothing{};
    if (outcome == Socket::Outcome::closed) co_return fail(Code::malformed, "body_cut_short", "The body ended early");
    const auto earned = static_cast<std::int64_t>(received_) * 1000 / options.body_bytes_per_second;
    auto ready = channel_.ready(since_ + milliseconds{options.body_grace_ms + earned});
    --shared_.being_answered;  // while it waits for its client it is no work, and there may be many such
    const bool in_time = co_await ready;
    ++shared_.being_answered;
    if (!in_time) co_return fail(Code::too_slow, "body_timeout", "The body came too slowly");
  }
}

Task<Result<std::string>> RequestBody::read(std::size_t limit) {
  if (!framing_.has_body() || ended_) return Result<std::string>(std::string{});
  if (!begun_ && framing_.length && *framing_.length <= std::min(in_.size(), limit)) {  // it came with the head
    const auto size = static_cast<std::size_t>(*framing_.length);
    ended_ = true;
    if (in_.size() == size) return Result<std::string>(std::exchange(in_, {}));
    std::string body = in_.substr(0, size);
    in_.erase(0, size);
    return Result<std::string>(std::move(body));
  }
  return read_slowly(limit);
}

Task<Result<std::string>> RequestBody::read_slowly(std::size_t limit) {
  std::string body;
  // What is declared too large is refused before any of it is invited or received.
  if (framing_.length.value_or(0) <= limit) {
    auto beginning = begin();
    auto begun = co_await beginning;
    if (!begun) co_return refusal(begun);
  }
  while (true) {
    auto taken = take_content(body, limit);
    if (!taken) co_return refusal(taken);
    if (ended_) co_return body;
    auto receiving = receive_more();
    auto received = co_await receiving;
    if (!received) co_return refusal(received);
  }
}

Task<Result<std::optional<std::string>>> RequestBody::next() {
  if (!framing_.has_body() || ended_) co_return std::nullopt;
  auto beginning = begin();
  auto begun = co_await beginning;
  if (!begun) co_return refusal(begun);
  std::string piece;
  while (true) {
    auto taken = take_content(piece, std::string::npos);
    if (!taken) co_return refusal(taken);
    if (!piece.empty()) co_return std::move(piece);
    if (ended_) co_return std::nullopt;
    auto receiving = receive_more();
    auto received = co_await receiving;
    if (!received) co_return refusal(received);
  }
}

}  // namespace svc::http
