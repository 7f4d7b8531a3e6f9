#include "mail/smtp.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>
#include <string_view>

#include "identity/secret_file.h"

namespace svc::notification {
namespace {

// How far an exchange has come.
struct Dialogue {
  enum Stage { before, sender, recipient, content } stage = before;
  std::string answer{};     // the server's last, its goodbye aside
  bool leaving = false;     // QUIT has been said
  std::string_view unsent;  // of the message
};

std::size_t read_message(char* into, std::size_t size, std::size_t count, void* user) {
  auto& unsent = static_cast<Dialogue*>(user)->unsent;
  const auto taken = unsent.copy(into, size * count);
  unsent.remove_prefix(taken);
  return taken;
}

int is_hung_up(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0;
}

// A server's answer as part of a sentence: one line, visible, not long.
std::string quote(std::string_view answer) {
  std::string line(answer.substr(0, 200));
  std::ranges::replace_if(line, [](char c) { return c < ' ' || c > '~'; }, ' ');
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

// Who fails before a server has been told of a mail fails for all mails.
tl::unexpected<Error> failure(CURLcode result, long status, const Dialogue& dialogue, const std::string& told) {
  const auto unavailable = [](const char* reason, std::string detail) {
    return fail(Code::unavailable, reason, "Mail server: " + std::move(detail));
  };
  const auto answer = quote(dialogue.answer);
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT: return fail(Code::timeout, "smtp_timeout", "The mail server took too long");
    case CURLE_ABORTED_BY_CALLBACK: return fail(Code::unavailable, "stopping", "This process is stopping");
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return unavailable("smtp_tls_refused", told);
    // Not the server's own words: some repeat what they were told.
    case CURLE_LOGIN_DENIED: return unavailable("smtp_auth_refused", "user or password refused");
    default: break;
  }
  if (status == 530 || status == 534 || status == 535)  // RFC 4954 section 6
    return unavailable("smtp_auth_refused", std::to_string(status));
  const bool of_size = status == 552;  // RFC 1870 section 6.1: told of the mail, though its sender is named
  if (status >= 500 && (dialogue.stage > Dialogue::sender || of_size))
    return fail(Code::invalid, "mail_refused", "Mail server: " + answer);
  if (status >= 500 && dialogue.stage == Dialogue::sender) return unavailable("smtp_sender_refused", answer);
  if (status >= 400) return unavailable("smtp_deferred", answer);
  return unavailable("smtp_unreachable", told);
}

std::string read_password(const SmtpOptions& options) {
  if (!options.ca_file.empty()) read_file(options.ca_file);
  if (options.password_file.empty()) return {};
  auto password = read_file(options.password_file);
  password.erase(password.find_last_not_of("\r\n") + 1);
  return password;
}

std::string url_of(const SmtpOptions& options) {
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  return std::string(options.security == Security::tls ? "smtps" : "smtp") + "://" +
         (is_ipv6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
}

}  // namespace

// libcurl's handle, which keeps its connection.
class Smtp::Connection {
 public:
  Connection() : handle_(curl_easy_init()) {
    if (handle_ == nullptr) throw std::runtime_error("libcurl cannot be used");
  }
  ~Connection() {
    expect_no_more();
    set(CURLOPT_VERBOSE, 0L);  // nobody listens any more
    curl_easy_cleanup(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Nothing> send(const SmtpOptions& options, const std::string& password, const Message& message,
                       milliseconds limit, std::atomic<bool>& hung_up);

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_, option, value) != CURLE_OK)
      throw std::runtime_error("libcurl does not take option " + std::to_string(option));
  }
  static int listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self);
  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address);
  static int close(void* self, curl_socket_t socket);
  void expect_no_more() const;

  CURL* handle_;
  std::set<curl_socket_t> sockets_;  // that are open: one, or several while it tries the host's addresses
  Dialogue dialogue_;                // of the mail that is being sent
};

// libcurl's own names for what failed do not tell whether it was the mail, so we listen. A password passes
// here too, and is not kept.
int Smtp::Connection::listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  auto& dialogue = connection.dialogue_;
  const std::string_view text(data, size);
  if (type == CURLINFO_HEADER_IN && !dialogue.leaving) dialogue.answer = text;
  if (type != CURLINFO_HEADER_OUT) return 0;
  if (text.starts_with("MAIL FROM:")) dialogue.stage = Dialogue::sender;
  if (text.starts_with("RCPT TO:")) dialogue.stage = Dialogue::recipient;
  if (text.starts_with("DATA\r\n")) dialogue.stage = Dialogue::content;
  if (text.starts_with("QUIT\r\n")) {
    dialogue.leaving = true;
    connection.expect_no_more();
  }
  return 0;
}

// libcurl waits for the answer to QUIT, for minutes where there is none, and beyond the time a mail may take.
// With this it finds at once that none comes.
void Smtp::Connection::expect_no_more() const {
  for (const auto socket : sockets_) ::shutdown(socket, SHUT_RD);
}

curl_socket_t Smtp::Connection::open(void* self, curlsocktype, curl_sockaddr* address) {
  const auto socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) static_cast<Connection*>(self)->sockets_.insert(socket);
  return socket;
}

int Smtp::Connection::close(void* self, curl_socket_t socket) {
  static_cast<Connection*>(self)->sockets_.erase(socket);
  return ::close(socket);
}

Result<Nothing> Smtp::Connection::send(const SmtpOptions& options, const std::string& password, const Message& message,
                                       milliseconds limit, std::atomic<bool>& hung_up) {
  dialogue_ = {.unsent = message.text};
  std::string told(CURL_ERROR_SIZE, '\0');
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
      curl_slist_append(nullptr, message.recipient.c_str()), curl_slist_free_all);

  curl_easy_reset(handle_);  // of options; the connection stays
  set(CURLOPT_URL, url_of(options).c_str());
  set(CURLOPT_PROXY, "");  // whatever the environment names
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, 600L);  // of one answer: left to the limit above
  set(CURLOPT_ERRORBUFFER, told.data());
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &listen);
  set(CURLOPT_DEBUGDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);  // asked each second whether to go on
  set(CURLOPT_XFERINFOFUNCTION, &is_hung_up);
  set(CURLOPT_XFERINFODATA, &hung_up);
  set(CURLOPT_OPENSOCKETFUNCTION, &open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &close);
  set(CURLOPT_CLOSESOCKETDATA, this);

  set(CURLOPT_USE_SSL, static_cast<long>(options.security == Security::starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user.empty()) {
    set(CURLOPT_USERNAME, options.user.c_str());
    set(CURLOPT_PASSWORD, password.c_str());
  }

  set(CURLOPT_MAIL_FROM, message.sender.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &read_message);
  set(CURLOPT_READDATA, &dialogue_);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.text.size()));

  const auto result = curl_easy_perform(handle_);
  if (result == CURLE_OK) return Nothing{};
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  told.resize(told.find('\0'));
  return failure(result, status, dialogue_, told.empty() ? curl_easy_strerror(result) : quote(told));
}

Smtp::Smtp(SmtpOptions options)
    : options_(std::move(options)),
      password_(read_password(options_)),
      pool_(static_cast<std::size_t>(options_.connections), 1'000, Priority::background) {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::runtime_error("libcurl cannot be used");
}

Smtp::~Smtp() = default;

Task<Result<Nothing>> Smtp::send(Mail mail, Steady::time_point deadline) {
  auto delivering = pool_.run([this, mail = std::move(mail), deadline] { return deliver(mail, deadline); });
  auto delivered = co_await delivering;
  if (!delivered) co_return refusal(delivered);
  co_return std::move(*delivered);
}

Result<Nothing> Smtp::deliver(const Mail& mail, Steady::time_point deadline) {
  const auto left = std::chrono::floor<milliseconds>(deadline - Steady::now());
  if (left <= milliseconds{0}) return fail(Code::timeout, "deadline", "Its turn came too late");
  auto message = render(mail);
  if (!message) return refusal(message);
  auto connection = take();
  auto sent =
      connection->send(options_, password_, *message, std::min(left, milliseconds{options_.timeout_ms}), hung_up_);
  keep(std::move(connection));
  return sent;
}

std::unique_ptr<Smtp::Connection> Smtp::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Smtp::keep(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace svc::notification
