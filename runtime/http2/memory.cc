#include "http2/memory.h"

namespace weft::http2 {
namespace {

internal::BlockPool& PoolOf(void* user) { return *static_cast<internal::BlockPool*>(user); }

}  // namespace

nghttp2_mem LibraryMemory(internal::BlockPool& blocks) {
  return {
      &blocks,
      [](std::size_t size, void* user) { return PoolOf(user).Allocate(size); },
      [](void* block, void* user) { PoolOf(user).Free(block); },
      [](std::size_t count, std::size_t size, void* user) {
        return PoolOf(user).AllocateZeroed(count, size);
      },
      [](void* block, std::size_t size, void* user) {
        return PoolOf(user).Reallocate(block, size);
      },
  };
}

}  // namespace weft::http2
