// Waiting for what another thread or process brings about.
#pragma once

#include <chrono>
#include <thread>

namespace svc::test {

/// Whether `holds()` within half a minute, far more than anything here takes. Asked again after a short pause.
template <class Holds>
bool eventually(Holds holds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace svc::test
