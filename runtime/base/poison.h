#pragma once

#include <cstddef>

// Defines WEFT_ASAN in a build with AddressSanitizer, for sources that hide memory from it.
#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ASAN 1
#endif
#endif

#ifdef WEFT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace weft::internal {

// Pools blind AddressSanitizer: to it, pooled memory is always in use. So what lies in a pool is
// marked by hand; any access reports use-after-poison. Nothing in other builds.
inline void PoisonFreed([[maybe_unused]] const void* from, [[maybe_unused]] std::size_t size) {
#ifdef WEFT_ASAN
  __asan_poison_memory_region(from, size);
#endif
}

inline void UnpoisonReused([[maybe_unused]] const void* from, [[maybe_unused]] std::size_t size) {
#ifdef WEFT_ASAN
  __asan_unpoison_memory_region(from, size);
#endif
}

}  // namespace weft::internal
