#include "http/client_stream.h"

#include <algorithm>
#include <array>

#include "http/chunk.h"
#include "http/field_values.h"

namespace svc::http {
namespace {

constexpr int interim_answers = 100;       // of 1xx, before an answer; nobody means more
constexpr std::size_t share = 256 * 1024;  // bytes that pass before everybody else on the loop has a turn

Error malformed() { return Error{Code::internal, "foreign_answer", "The answer is malformed"}; }

// Events come when something happens, so that silence says nothing (HTML Living Standard, section 9.2).
bool is_event_stream(std::string_view content_type) {
  return same_name(trim(content_type.substr(0, content_type.find(';'))), "text/event-stream");
}

}  // namespace

Client::Stream::Stream(Client& client, Address address, std::unique_ptr<Connection> connection, const Outgoing& request)
    : client_(client),
      address_(std::move(address)),
      connection_(std::move(connection)),
      in_use_(std::in_place, client, *connection_),
      streaming_(*request.streaming),
      head_only_(request.method == "HEAD") {}

Task<Client::Exchanged> Client::Stream::begin(std::shared_ptr<Stream> self, std::string head,
                                              Steady::time_point deadline) {
  head_limit_ = deadline;
  auto sending = write({head}, std::min(deadline, idle_limit()));
  const auto sent = co_await sending;
  if (sent != Sent::all)
    co_return tl::unexpected(sent == Sent::late ? Failure{no_answer_in_time()} : Failure{connection_lost(), true});
  if (streaming_.content != nullptr) {
    pumping_ = true;
    sent_whole_ = false;
    head_limit_ = Steady::time_point::max();  // until the pump knows better
    detach(pump(self));
  }
  const auto received = std::make_shared<Received>();
  auto receiving = receive_head(received);
  auto there = co_await receiving;
  if (!there) {
    const auto failure = failure_ ? Failure{*failure_} : std::move(there.error());
    auto ending = end();
    co_await ending;
    co_return tl::unexpected(failure);
  }
  auto response = answer_of(received->head);
  // Where no content follows and that can be told, there is nothing to stream, and nobody to see to the pump's end.
  if (has_content_ || (head_only_ && !response.head_length)) {
    response.source = std::move(self);
  } else {
    finish();
    auto ending = end();
    co_await ending;
  }
  co_return response;
}

Response Client::Stream::answer_of(const ResponseHead& head) {
  Response response{head.status};
  for (const auto& [name, value] : head.headers) {
    if (same_name(name, "Content-Type")) response.content_type = value;
    else response.headers.emplace_back(name, value);
  }
  reusable_ = head.keep_alive;
  has_content_ = !has_no_content(head_only_ ? "HEAD" : "", head.status);
  framing_ = has_content_ ? head.framing : Framing{false, 0};
  until_close_ = !framing_.chunked && !framing_.length;
  endless_ = is_event_stream(response.content_type);
  if (head_only_) response.head_length = head.framing.length;
  else if (has_content_) response.source_length = framing_.length;
  return response;
}

// ---- the request's content

Task<> Client::Stream::pump(std::shared_ptr<Stream> self) {
  auto sending = self->send_content();
  auto sent = co_await sending;
  if (!sent) {
    self->failure_ = std::move(sent.error());
    ::shutdown(self->connection_->socket.fd(), SHUT_RDWR);  // so that what was sent is not taken for the whole
  }
  self->pumping_ = false;
  self->head_limit_ = Steady::now() + self->streaming_.head_timeout;
  self->pumped_.happen();
  self->connection_->socket.interrupt();  // who waits for the answer's head has a limit now
}

// An upstream that takes no more is no failure: it may have answered already.
Task<Result<Nothing>> Client::Stream::send_content() {
  Body& content = *streaming_.content;
  const bool chunked = !content.length();
  for (std::size_t passed = 0;;) {
    auto reading = content.next();
    auto piece = co_await reading;
    if (!piece) co_return refusal(piece);
    const bool over = !*piece;
    if (over && !chunked) break;
    const std::string_view bytes = over ? std::string_view{} : std::string_view{**piece};
    const std::string size = chunked && !over ? chunk_head(bytes.size()) : "";
    const std::string_view tail = over ? last_chunk : chunked ? "\r\n" : "";
    auto writing = write({size, bytes, tail}, idle_limit());
    const auto sent = co_await writing;
    if (sent == Sent::late) co_return fail(no_answer_in_time());
    if (sent == Sent::refused) co_return Nothing{};
    if (over) break;
    passed += bytes.size();
    if (passed < share) continue;
    passed = 0;
    NextTurn turn;
    co_await turn;
  }
  sent_whole_ = true;
  co_return Nothing{};
}

Task<Client::Stream::Sent> Client::Stream::write(std::array<std::string_view, 3> left, Steady::time_point limit) {
  Socket& socket = connection_->socket;
  while (std::ranges::any_of(left, [](auto piece) { return !piece.empty(); })) {
    std::array<iovec, 3> pieces{};
    for (std::size_t i = 0; i < left.size(); ++i) pieces[i] = {const_cast<char*>(left[i].data()), left[i].size()};
    auto sent = socket.write(pieces);
    if (sent.outcome == Socket::Outcome::closed) co_return Sent::refused;
    if (sent.outcome == Socket::Outcome::wait) {
      auto writable = socket.writable(limit);
      const bool in_time = co_await writable;
      if (!in_time) co_return Sent::late;
      continue;
    }
    for (auto& piece : left) {
      const auto gone = std::min(sent.bytes, piece.size());
      piece.remove_prefix(gone);
      sent.bytes -= gone;
    }
  }
  co_return Sent::all;
}

// ---- the answer

Socket::Transfer Client::Stream::receive() {
  std::array<char, 16 * 1024> chunk;
  const auto got = connection_->socket.read(chunk.data(), chunk.size());
  if (got.outcome == Socket::Outcome::done) connection_->in.append(chunk.data(), got.bytes);
  return got;
}

Task<tl::expected<Nothing, Client::Failure>> Client::Stream::receive_head(std::shared_ptr<Received> into) {
  const Limits limits{};
  std::string& in = connection_->in;
  bool first = streaming_.content == nullptr;  // what was taken of content cannot be sent again
  HeadScanner scanner;
  for (int interim = 0;;) {
    const auto state = scanner.scan(in, limits);
    if (state == HeadScanner::State::broken || interim > interim_answers)
      co_return tl::unexpected(Failure{malformed()});
    if (state == HeadScanner::State::complete) {
      into->text.assign(in, 0, scanner.end());
      in.erase(0, scanner.end());
      scanner.reset();
      into->head = {};
      const auto fault = parse_response_head(into->text, limits, into->head);
      if (fault || into->head.status == 101) co_return tl::unexpected(Failure{malformed()});  // nobody asked to switch
      if (into->head.status >= 200) co_return Nothing{};
      ++interim;  // RFC 9110 section 15.2
      continue;
    }
    const auto got = receive();
    if (got.outcome == Socket::Outcome::closed) co_return tl::unexpected(Failure{connection_lost(), first});
    if (got.outcome == Socket::Outcome::done) {
      first = false;
      continue;
    }
    auto readable = connection_->socket.readable(head_limit_);
    const bool in_time = co_await readable;
    if (!in_time && Steady::now() >= head_limit_) co_return tl::unexpected(Failure{no_answer_in_time()});
  }
}

// Moves what is there of the content from the connection's buffer to `into`.
std::optional<Error> Client::Stream::take_content(std::string& into) {
  std::string& in = connection_->in;
  if (framing_.chunked) {
    std::string_view bytes = in;
    const auto fault = chunks_.decode(bytes, into, std::string::npos);
    in.erase(0, in.size() - bytes.size());
    if (fault) return malformed();
    ended_ = chunks_.done();
    return std::nullopt;
  }
  const auto left = until_close_ ? in.size() : *framing_.length - taken_;
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left));
  into.append(in, 0, take);
  in.erase(0, take);
  taken_ += take;
  ended_ = !until_close_ && taken_ == *framing_.length;
  return std::nullopt;
}

Task<Result<Source::Piece>> Client::Stream::next(Steady::time_point limit) {
  Piece piece;
  while (true) {
    if (!ended_ && !failure_) failure_ = take_content(piece.bytes);  // what is sound of it is passed on
    piece.end = ended_;
    if (ended_) finish();
    if (ended_ || !piece.bytes.empty()) co_return piece;
    if (failure_) co_return fail(*failure_);

    const auto got = receive();
    if (got.outcome == Socket::Outcome::done) {
      silent_until_.reset();
      continue;
    }
    if (got.outcome == Socket::Outcome::closed) {
      // Without a length an end in good order is all there is to tell the whole from a part.
      ended_ = until_close_ && got.error == 0 && !failure_;
      if (!ended_) co_return fail(connection_lost());
      continue;
    }
    if (!silent_until_) silent_until_ = endless_ ? Steady::time_point::max() : idle_limit();
    auto readable = connection_->socket.readable(std::min(limit, *silent_until_));
    const bool in_time = co_await readable;
    if (in_time) continue;
    if (Steady::now() >= *silent_until_) co_return fail(no_answer_in_time());
    if (Steady::now() >= limit) co_return piece;
  }
}

// The answer is whole. Bytes beyond it belong to nothing that was asked.
void Client::Stream::finish() {
  if (!reusable_ || until_close_ || pumping_ || !sent_whole_ || !connection_ || !connection_->in.empty()) return;
  in_use_.reset();
  client_.keep(address_, std::move(connection_));
}

Task<> Client::Stream::end() {
  if (pumping_) {
    streaming_.content->abandon();
    if (connection_) ::shutdown(connection_->socket.fd(), SHUT_RDWR);
  }
  while (pumping_) {
    auto waiting = pumped_.wait_until(Steady::now() + seconds{60});
    co_await waiting;
  }
  in_use_.reset();
  connection_.reset();
}

}  // namespace svc::http
