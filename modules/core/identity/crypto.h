// libsodium, made ready.
#pragma once

namespace svc {

/// Must come before the first use of libsodium; cheap when it was called before. Thread-safe. Throws
/// std::runtime_error when the system has no randomness.
void initialise_crypto();

}  // namespace svc
