// librabbitmq's headers, and what its C asks for again and again. Only this floor's sources include it.
#pragma once

// Where 0.15 (Debian 13) has them; its <amqp.h> only warns. 0.11 (Debian 12) has no other.
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace svc::amqp {

/// Points into `text`. The library only reads it.
inline amqp_bytes_t bytes_of(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
inline std::string text_of(amqp_bytes_t bytes) { return {static_cast<const char*>(bytes.bytes), bytes.len}; }

// Entries of a table; what they name must outlive them.

inline amqp_table_entry_t flag_entry(std::string_view key, bool value) {
  amqp_table_entry_t made{bytes_of(key), {}};
  made.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  made.value.value.boolean = value ? 1 : 0;
  return made;
}
inline amqp_table_entry_t number_entry(std::string_view key, std::int64_t value) {
  amqp_table_entry_t made{bytes_of(key), {}};
  made.value.kind = AMQP_FIELD_KIND_I64;
  made.value.value.i64 = value;
  return made;
}
inline amqp_table_entry_t text_entry(std::string_view key, std::string_view value) {
  amqp_table_entry_t made{bytes_of(key), {}};
  made.value.kind = AMQP_FIELD_KIND_UTF8;
  made.value.value.bytes = bytes_of(value);
  return made;
}
inline amqp_table_entry_t table_entry(std::string_view key, amqp_table_t value) {
  amqp_table_entry_t made{bytes_of(key), {}};
  made.value.kind = AMQP_FIELD_KIND_TABLE;
  made.value.value.table = value;
  return made;
}

template <std::size_t Size>
amqp_table_t table_of(std::array<amqp_table_entry_t, Size>& entries) {
  return {static_cast<int>(Size), entries.data()};
}

/// How the library wants a time to wait; none for what is past.
inline timeval timeval_of(std::chrono::microseconds time) {
  const auto micros = std::max<std::chrono::microseconds::rep>(time.count(), 0);
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

}  // namespace svc::amqp
