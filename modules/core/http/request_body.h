// RequestBody: the body of one request, which comes from the server's client while a handler reads it. Internal to
// core/http.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/channel.h"
#include "http/message.h"
#include "http/parse.h"
#include "http/server.h"

namespace svc::http {

/// Lives on its connection's loop, until its request is answered. What it refers to must outlive it.
class RequestBody final : public Body {
 public:
  /// The body behind `head`. `in`: what the channel has received and nobody has used yet; what follows the body
  /// stays there.
  RequestBody(Channel& channel, std::string& in, Server::Shared& shared, const RequestHead& head)
      : channel_(channel), in_(in), shared_(shared), framing_(head.framing), expects_continue_(head.expects_continue) {}

  Task<Result<std::string>> read(std::size_t limit) override;
  Task<Result<std::optional<std::string>>> next() override;
  bool empty() const override { return !framing_.has_body(); }
  std::optional<std::uint64_t> length() const override { return framing_.length; }
  void abandon() override;

  /// Whether none of it is still to come. Once that is so it stays so, whoever reads it.
  bool is_here() const;
  /// Whether it is out of the way, so that another request can follow; for that, one that is here whole is dropped.
  bool skip();

 private:
  Task<Result<std::string>> read_slowly(std::size_t limit);
  Task<Result<Nothing>> begin();
  Task<Result<Nothing>> receive_more();
  Result<Nothing> take_content(std::string& into, std::size_t limit);

  Channel& channel_;
  std::string& in_;
  Server::Shared& shared_;
  const Framing framing_;
  const bool expects_continue_;
  bool begun_ = false;
  bool ended_ = false;
  bool abandoned_ = false;
  std::uint64_t taken_ = 0;     // of its content
  std::uint64_t received_ = 0;  // of its bytes, framing included
  Steady::time_point since_;
  ChunkedDecoder chunks_;
};

}  // namespace svc::http
