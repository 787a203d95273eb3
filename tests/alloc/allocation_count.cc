#include "tests/alloc/allocation_count.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

// glibc's own allocator under the names that a replacement can reach it by.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<std::uint64_t> count{0};
std::atomic<bool> abort_on_allocation{false};

void Count() {
  count.fetch_add(1, std::memory_order_relaxed);
  if (abort_on_allocation.load(std::memory_order_relaxed)) std::abort();
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  Count();
  return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
  Count();
  return __libc_calloc(number, size);
}

void* realloc(void* block, std::size_t size) {
  Count();
  return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  Count();
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace weft::testing {

std::uint64_t AllocationCount() { return count.load(std::memory_order_relaxed); }

void AbortOnAllocation(bool abort) { abort_on_allocation.store(abort, std::memory_order_relaxed); }

}  // namespace weft::testing
