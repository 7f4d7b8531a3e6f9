// FNV-1a, 64 bits (draft-eastlake-fnv): a hash that is the same in every process and every build, which std::hash does
// not promise. Tells texts apart that differ by accident; guards against no attack.
#pragma once

#include <cstdint>
#include <string_view>

namespace svc {

constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace svc
