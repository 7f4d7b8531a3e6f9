// Identifiers: UUID version 7 (RFC 9562 section 5.7), so that ids sort by the time they were made.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace svc {

/// Makes ids. Implementations are safe to use from any thread.
class Ids {
 public:
  virtual ~Ids() = default;
  virtual std::string next() = 0;
};

/// UUIDv7 from a clock and the system's random numbers. Ids of one generator always ascend, also within one
/// millisecond (RFC 9562 section 6.2, method 2) and when the clock steps back.
class Uuid7 final : public Ids {
 public:
  explicit Uuid7(const Clock& clock) : clock_(clock) {}
  std::string next() override;

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t counter_ = 0;  // the 74 bits after the time, as 12 + 62; only the low 62 count up
  std::uint64_t high_ = 0;
};

/// The 128 bits of a UUID of any version. Its text is the lower-case canonical form (RFC 9562 section 4).
struct Uuid {
  std::uint64_t high = 0, low = 0;
};
std::string to_text(const Uuid& uuid);
std::optional<Uuid> read_uuid(std::string_view text);
bool is_uuid(std::string_view text);

/// Uniform random bits for jitter and sampling; never for secrets.
/// Safe to use from any thread.
std::uint64_t random_bits();
/// Uniform in [0, 1).
double random_unit();

}  // namespace svc
