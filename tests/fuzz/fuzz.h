// What the harnesses share. A harness is one file with one function, LLVMFuzzerTestOneInput, which states in must()
// what holds for every input; scripts/fuzz searches for an input for which it does not. Ordinary builds play the
// kept corpus through the same function (replay.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace svc::fuzz {

/// Ends the process, naming the property, unless it holds.
inline void must(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Bytes with nothing behind them, so that AddressSanitizer sees a read beyond their end.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(text.begin(), text.end()) {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

/// Choices drawn from an input, so that inputs stay plain text and each makes the same choices every time.
class Choices {
 public:
  explicit Choices(std::string_view input) : state_(std::hash<std::string_view>{}(input)) {}
  /// Less than `below`.
  std::size_t next(std::size_t below) {
    state_ += 0x9e3779b97f4a7c15;  // splitmix64
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return static_cast<std::size_t>((mixed ^ (mixed >> 31)) % below);
  }

 private:
  std::uint64_t state_;
};

}  // namespace svc::fuzz
