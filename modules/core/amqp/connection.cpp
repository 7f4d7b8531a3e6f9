#include "amqp/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <new>

namespace svc::amqp {
namespace {

bool is_ip_address(const std::string& host) {
  in6_addr into{};
  return ::inet_pton(AF_INET, host.c_str(), &into) == 1 || ::inet_pton(AF_INET6, host.c_str(), &into) == 1;
}

// OpenSSL prepares itself. librabbitmq before 0.13 would do it again, and read a configuration file of its
// own.
void leave_openssl_alone() {
#if AMQP_VERSION < AMQP_VERSION_CODE(0, 13, 0, 0)
  static const bool once = (amqp_set_initialize_ssl_library(0), true);
  static_cast<void>(once);
#endif
}

tl::unexpected<Error> tls_failed(const Address& address, const std::string& what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  auto refused = fail(Code::unavailable, "amqp_tls_failed",
                      told(address) + ": " + what + (reason != nullptr ? std::string(" (") + reason + ")" : ""));
  ERR_clear_error();  // left behind, it would be taken for the failure of this thread's next TLS connection
  return refused;
}

// The socket, TLS prepared where it is wanted. It is the connection's.
Result<amqp_socket_t*> make_socket(amqp_connection_state_t connection, const Address& address, const Options& options) {
  if (!address.tls) {
    auto* const socket = amqp_tcp_socket_new(connection);
    if (socket == nullptr) throw std::bad_alloc();
    return socket;
  }
  leave_openssl_alone();
  auto* const socket = amqp_ssl_socket_new(connection);
  if (socket == nullptr) throw std::bad_alloc();
  auto* const context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  const bool trusts = options.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) == 1;
  if (!trusts) return tls_failed(address, "cannot read the authorities in " + options.ca_file);
  // OpenSSL looks at the host, for librabbitmq 0.11 knows no certificate of an address. The library looks at
  // the outcome.
  auto* const rules = SSL_CTX_get0_param(context);
  const int named = is_ip_address(address.host) ? X509_VERIFY_PARAM_set1_ip_asc(rules, address.host.c_str())
                                                : X509_VERIFY_PARAM_set1_host(rules, address.host.c_str(), 0);
  if (named != 1) throw std::bad_alloc();
  amqp_ssl_socket_set_verify_peer(socket, 1);
  amqp_ssl_socket_set_verify_hostname(socket, 0);
  return socket;
}

bool is_of_tls(int status) { return status <= AMQP_STATUS_SSL_ERROR && status > _AMQP_STATUS_SSL_NEXT_VALUE; }

Result<Nothing> open_socket(amqp_connection_state_t connection, const Address& address, const Options& options) {
  const auto socket = make_socket(connection, address, options);
  if (!socket) return fail(socket.error());
  const auto patience = timeval_of(milliseconds{options.connect_timeout_ms});
  const int status = amqp_socket_open_noblock(*socket, address.host.c_str(), address.port, &patience);
  if (status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED)
    return tls_failed(address, "its certificate is not for this host, is out of date, or is vouched for by nobody in " +
                                   (options.ca_file.empty() ? "the system's authorities" : options.ca_file));
  if (is_of_tls(status)) return tls_failed(address, amqp_error_string2(status));
  if (status != AMQP_STATUS_OK)
    return fail(Code::unavailable, "amqp_unreachable", told(address) + ": " + amqp_error_string2(status));

  // A broker that is short of memory or disk stops reading: without a limit a send would wait for as long as
  // it sends heartbeats.
  const auto limit = static_cast<unsigned>(options.answer_timeout_ms);
  ::setsockopt(amqp_get_sockfd(connection), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
  return Nothing{};
}

Error refusal_of(const amqp_rpc_reply_t& reply, const Address& address) {
  const auto closure = reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION ? closure_in(reply.reply) : std::nullopt;
  Error error = error_of(reply);
  if (!closure) error.reason = "amqp_unreachable";
  else if (closure->code == AMQP_ACCESS_REFUSED) error.reason = "amqp_credentials_refused";
  else if (closure->code == AMQP_NOT_ALLOWED) error.reason = "amqp_vhost_refused";
  error.detail = told(address) + ": " + error.detail;
  return error;
}

Result<Nothing> sign_in(amqp_connection_state_t connection, const Address& address, const Options& options) {
  // What the broker tells only those who say that they listen for it.
  std::array capabilities{flag_entry("authentication_failure_close", true), flag_entry("basic.nack", true),
                          flag_entry("connection.blocked", true), flag_entry("consumer_cancel_notify", true),
                          flag_entry("publisher_confirms", true)};
  std::array properties{text_entry("product", "svc"), table_entry("capabilities", table_of(capabilities))};
  const auto table = table_of(properties);
  const auto answers = timeval_of(milliseconds{options.answer_timeout_ms});
  amqp_set_handshake_timeout(connection, &answers);
  const auto reply =
      amqp_login_with_properties(connection, address.vhost.c_str(), AMQP_DEFAULT_MAX_CHANNELS, AMQP_DEFAULT_FRAME_SIZE,
                                 static_cast<int>(options.heartbeat_seconds), &table, AMQP_SASL_METHOD_PLAIN,
                                 address.user.c_str(), address.password.c_str());
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return fail(refusal_of(reply, address));

  amqp_set_rpc_timeout(connection, &answers);
  amqp_channel_open(connection, channel);
  const auto opened = amqp_get_rpc_reply(connection);
  if (opened.reply_type != AMQP_RESPONSE_NORMAL) return fail(refusal_of(opened, address));
  amqp_maybe_release_buffers(connection);
  return Nothing{};
}

}  // namespace

void Disconnect::operator()(amqp_connection_state_t_* connection) const {
  if (interrupt) interrupt->unwatch();
  amqp_destroy_connection(connection);
}

Result<Connection> connect(const Address& address, const Options& options, std::shared_ptr<Interrupt> interrupt) {
  Connection connection(amqp_new_connection(), {interrupt});
  if (!connection) throw std::bad_alloc();
  auto opened = open_socket(connection.get(), address, options);
  if (!opened) return refusal(opened);
  if (interrupt && !interrupt->watch(amqp_get_sockfd(connection.get())))
    return fail(Code::unavailable, "amqp_lost", told(address) + ": Interrupted");
  auto signed_in = sign_in(connection.get(), address, options);
  if (!signed_in) return refusal(signed_in);
  return connection;
}

std::optional<Closure> closure_in(const amqp_method_t& method) {
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_connection_close_t*>(method.decoded);
    return Closure{close.reply_code, text_of(close.reply_text)};
  }
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
    return Closure{close.reply_code, text_of(close.reply_text)};
  }
  return std::nullopt;
}

Error closed_by_broker(const Closure& closure) {
  return fail(Code::unavailable, "amqp_closed_by_broker",
              "The broker closed the session: " + std::to_string(closure.code) + " " + closure.text)
      .value();
}

Error lost(int status) {
  ERR_clear_error();
  const bool silent = status == AMQP_STATUS_TIMEOUT;
  return fail(Code::unavailable, silent ? "amqp_no_answer" : "amqp_lost",
              silent ? "The broker did not answer in time"
                     : std::string("The connection broke: ") + amqp_error_string2(status))
      .value();
}

Error error_of(const amqp_rpc_reply_t& reply) {
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) return lost(reply.library_error);
  const auto closure = closure_in(reply.reply);
  return closure ? closed_by_broker(*closure) : lost(AMQP_STATUS_UNEXPECTED_STATE);
}

}  // namespace svc::amqp
