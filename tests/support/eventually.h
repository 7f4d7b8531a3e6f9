// Waiting for what another thread or process brings about.
#pragma once

#include <chrono>
#include <thread>

namespace svc::test {

/// Whether `holds()` within `limit`, which is far more than anything here takes. Asked again after a short pause.
template <class Holds>
bool eventually(Holds holds, std::chrono::seconds limit = std::chrono::seconds{30}) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace svc::test
