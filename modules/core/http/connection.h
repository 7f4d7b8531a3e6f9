// Connection: one client of the server, from its first byte to its last, as a coroutine. Internal to core/http.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/channel.h"
#include "http/message.h"
#include "http/parse.h"
#include "http/server_shared.h"

namespace svc::http {

class Connection final {
 public:
  /// Serves a client on the current loop, the `loop`-th. `welcome` false: it is told to come back later.
  static Task<> serve(std::shared_ptr<Server::Shared> shared, std::size_t loop, int fd, std::string peer, bool welcome);

  void end_if_idle();
  void abort() { channel_.abort(); }

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
  Task<bool> pass_on(const Response& response, const RequestHead& head, bool keep);
  Task<> linger();
  void write_head(const Response& response, bool chunked, bool keep);
  Request request_of(const RequestHead& head, Body& body);
  Steady::time_point in_ms(std::int64_t ms) const { return Steady::now() + milliseconds{ms}; }
  Steady::time_point write_limit() const { return in_ms(shared_.options.write_timeout_ms); }

  Server::Shared& shared_;
  Channel channel_;
  const std::string peer_;
  std::string in_;    // received and not yet used
  std::string head_;  // of the present request
  std::string out_;   // head of the present answer
  bool idle_ = false;
  std::optional<Response> refused_;  // by await_head
};

}  // namespace svc::http
