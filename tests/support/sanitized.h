// Whether the tests and the binary were built with a sanitizer that keeps freed memory aside, and makes all slow: so
// how much a process holds, and how long it takes, says nothing.
#pragma once

namespace svc::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace svc::test
