// A client that sends exactly the bytes it is told to, as no HTTP library would, and reads answers as
// strictly as the server is meant to read requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace svc::test {

/// Behind a method and a target: the rest of a request line, and the one field there must be.
inline const std::string host = " HTTP/1.1\r\nHost: h\r\n";

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string header(const std::string& name) const;  ///< empty when absent
  std::string id() const { return header("x-request-id"); }
  std::string code() const;  ///< of a problem document
};

class Wire {
 public:
  using Duration = std::chrono::steady_clock::duration;

  explicit Wire(int port, const std::string& from = "127.0.0.1");
  ~Wire();
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;

  /// Sends all of it, unless the other end has closed.
  void send(std::string_view bytes);
  /// Sends what fits into the socket's buffers now, and tells how much that was.
  std::size_t send_some(std::string_view bytes);
  /// Sends each byte once the server has read the one before it.
  void drip(std::string_view bytes);
  /// Waits until the server has read what was sent.
  void await_read() const;

  /// The next answer; `bodiless` when it is one to HEAD. Nothing when the connection ends before one is
  /// there. Throws std::runtime_error when what comes is no answer, when the connection is reset, or when
  /// nothing comes in time.
  std::optional<Reply> reply(bool bodiless = false);
  /// The head of the next answer, whose content is then read piece by piece. Nothing and errors as for
  /// reply().
  std::optional<Reply> head();
  /// The next chunk of its content; empty: the last. Nothing when the connection ends, or is reset, before
  /// that.
  std::optional<std::string> chunk();
  /// Up to `most` bytes of it as they come; empty when the connection ends or is reset.
  std::string bytes(std::size_t most);
  /// All answers to the end of the connection.
  std::vector<Reply> replies();
  /// Whether the server ends the connection, sending nothing more, within `limit`.
  bool ends(Duration limit = std::chrono::seconds{10});
  /// Whether bytes are there, or the end, within `limit`.
  bool readable(Duration limit = {}) const;
  /// Whether the server has given the connection up, by a reset or by closing its end.
  bool is_cut_off() const;

  /// No more will be sent.
  void finish() const;
  /// Ends the connection with a reset.
  void reset();
  /// Connects again.
  void connect();
  int fd() const { return fd_; }

 private:
  bool receive(Duration limit);  // false: the end
  std::optional<std::string> line();

  const std::string from_;
  int fd_ = -1;
  int local_port_ = 0, server_port_ = 0;
  std::string in_;
};

/// Lets this process hold many connections at once.
void allow_many_files();

}  // namespace svc::test
