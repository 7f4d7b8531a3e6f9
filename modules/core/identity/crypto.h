// libsodium, made ready.
#pragma once

#include <string>
#include <string_view>

namespace svc {

/// Must come before the first use of libsodium; cheap when it was called before. Thread-safe. Throws
/// std::runtime_error when the system has no randomness.
void initialise_crypto();

/// The 32 bytes of a text's SHA-256 (FIPS 180-4).
std::string sha256(std::string_view text);

}  // namespace svc
