// Counted: one of those that do something now, as long as it lives.
#pragma once

#include <atomic>
#include <cstdint>

namespace svc {

class Counted {
 public:
  /// `all` must outlive it.
  explicit Counted(std::atomic<std::int64_t>& all) : all_(all), number_(++all) {}
  ~Counted() { --all_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  /// How many there were when it came, itself included.
  std::int64_t number() const { return number_; }

 private:
  std::atomic<std::int64_t>& all_;
  const std::int64_t number_;
};

}  // namespace svc
