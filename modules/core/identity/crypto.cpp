#include "identity/crypto.h"

#include <sodium.h>

#include <stdexcept>

namespace svc {

void initialise_crypto() {
  static const int ready = sodium_init();
  if (ready < 0) throw std::runtime_error("libsodium cannot be initialised");
}

}  // namespace svc
