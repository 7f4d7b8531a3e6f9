// The log: one JSON object a line, on stderr. Written by a thread of its own behind a bounded queue; when the
// queue is full the oldest lines are dropped and counted, so that a slow disk never slows an answer.
//
//   log::warn("saga_retried", {{"order", id}, {"attempt", attempt}});
//   {"time":"2026-01-31T09:30:00.000Z","level":"warn","event":"saga_retried","order":"…","attempt":2}
//
// Never logged: passwords, tokens, keys, whole requests. Before start() and after stop() lines are written
// directly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/fields.h"

namespace svc::log {

enum class Level { debug, info, warn, error };
constexpr auto names(std::type_identity<Level>) {
  return std::array{EnumName{Level::debug, "debug"}, EnumName{Level::info, "info"}, EnumName{Level::warn, "warn"},
                    EnumName{Level::error, "error"}};
}

struct Options {
  Level level = Level::info;
  std::int64_t queue = 8192;
  static constexpr auto fields() {
    return rows(
        field(&Options::level, "level", "Least level that is written: debug, info, warn or error", Default{"info"}),
        field(&Options::queue, "queue", "Lines that may wait to be written; beyond that the oldest are dropped",
              Range{16, 1'000'000}, Default{8192}));
  }
};

void start(const Options& options);
/// Writes what is queued.
void stop();
/// Lines dropped since start().
std::uint64_t dropped();

/// One member of a line.
struct Member {
  template <class V>
  Member(std::string_view member_name, const V& member_value) : name(member_name) {
    if constexpr (std::is_same_v<V, bool>) value = member_value;
    else if constexpr (std::is_integral_v<V>) value = static_cast<std::int64_t>(member_value);
    else value = std::string_view(member_value);
  }
  std::string_view name;
  std::variant<std::int64_t, bool, std::string_view> value;
};
using Members = std::initializer_list<Member>;

void write(Level level, std::string_view event, Members members);
inline void debug(std::string_view event, Members members = {}) { write(Level::debug, event, members); }
inline void info(std::string_view event, Members members = {}) { write(Level::info, event, members); }
inline void warn(std::string_view event, Members members = {}) { write(Level::warn, event, members); }
inline void error(std::string_view event, Members members = {}) { write(Level::error, event, members); }

}  // namespace svc::log
