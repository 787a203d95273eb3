#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "buffer/limits.h"
#include "weft/clock.h"

namespace weft::internal {

// malloc, free, calloc and realloc over free lists of size classes, for the small odd blocks of a
// library that takes an allocator (nghttp2_mem). One a loop, on the loop's thread only. Larger
// blocks come from malloc. All blocks must have been freed when the pool dies.
class BlockPool {
 public:
  struct Stats {
    Stats() = default;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;  // blocks that came from malloc, large ones included
    std::size_t bytes_in_use = 0;
    std::size_t bytes_idle = 0;
  };

  static constexpr std::size_t kClasses = 16 + 12 + 6;

  explicit BlockPool(std::size_t max_idle_bytes = kBlockPoolMaxIdleBytes,
                     Duration trim_interval = kPoolTrimInterval)
      : max_idle_bytes_(max_idle_bytes), trim_interval_(trim_interval) {}
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  // At least `size` bytes, aligned as malloc's; nullptr when memory has run out.
  void* Allocate(std::size_t size);
  // The same, zeroed; nullptr also when the product overflows.
  void* AllocateZeroed(std::size_t count, std::size_t size);
  // As realloc: nullptr leaves the old block as it was.
  void* Reallocate(void* block, std::size_t size);
  // nullptr is fine.
  void Free(void* block);

  // As ChunkPool::Trim.
  std::size_t Trim(TimePoint now);
  const Stats& stats() const { return stats_; }

 private:
  struct alignas(16) Header {
    union {
      std::size_t capacity;  // in use: the bytes behind the header
      Header* next;          // idle
    };
    std::size_t size_class;
  };
  struct FreeList {
    Header* head = nullptr;
    std::size_t idle = 0;
    std::size_t idle_low = 0;  // the fewest since the last trim
  };

  static Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

  Header* Fresh(std::size_t capacity, std::size_t size_class);
  void Discard(FreeList& list, std::size_t size_class);

  const std::size_t max_idle_bytes_;
  const Duration trim_interval_;
  TimePoint last_trim_{};
  std::array<FreeList, kClasses> lists_;
  Stats stats_;
};

}  // namespace weft::internal
