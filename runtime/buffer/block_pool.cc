#include "buffer/block_pool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/poison.h"

namespace weft::internal {
namespace {

// Steps of 16 up to 256, of 64 up to 1 KiB, of 512 up to 4 KiB: what nghttp2 takes per call wastes
// 15 bytes at most.
constexpr std::array<std::uint16_t, BlockPool::kClasses> kBlockSizes = [] {
  std::array<std::uint16_t, BlockPool::kClasses> sizes{};
  unsigned size = 0;
  for (std::uint16_t& to : sizes) {
    size += size < 256 ? 16 : size < 1024 ? 64 : 512;
    to = static_cast<std::uint16_t>(size);
  }
  return sizes;
}();
static_assert(kBlockSizes.back() == kBlockPoolLargest);

constexpr std::size_t BlockClass(std::size_t size) {
  if (size <= 256) [[likely]]
    return size == 0 ? 0 : (size - 1) / 16;
  if (size <= 1024) return 16 + (size - 257) / 64;
  if (size <= kBlockPoolLargest) return 28 + (size - 1025) / 512;
  return BlockPool::kClasses;
}

}  // namespace

BlockPool::~BlockPool() {
  for (std::size_t i = 0; i < kClasses; ++i) {
    while (lists_[i].head != nullptr) Discard(lists_[i], i);
  }
  Check(stats_.bytes_in_use == 0, "BlockPool: destroyed while blocks of it are in use");
}

void* BlockPool::Allocate(std::size_t size) {
  const std::size_t size_class = BlockClass(size);
  Header* header;
  if (size_class < kClasses && lists_[size_class].head != nullptr) [[likely]] {
    FreeList& list = lists_[size_class];
    header = list.head;
    list.head = header->next;
    list.idle_low = std::min(list.idle_low, --list.idle);
    header->capacity = kBlockSizes[size_class];
    UnpoisonReused(header + 1, header->capacity);
    stats_.bytes_idle -= header->capacity;
    ++stats_.hits;
  } else {
    header = Fresh(size_class < kClasses ? kBlockSizes[size_class] : size, size_class);
    if (header == nullptr) return nullptr;
  }
  stats_.bytes_in_use += header->capacity;
  return header + 1;
}

void* BlockPool::AllocateZeroed(std::size_t count, std::size_t size) {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  void* const block = Allocate(bytes);
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

void* BlockPool::Reallocate(void* block, std::size_t size) {
  if (block == nullptr) return Allocate(size);
  Header* const header = HeaderOf(block);
  const std::size_t capacity = header->capacity;
  if (header->size_class < kClasses ? size <= capacity : size == capacity) return block;
  void* const moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(capacity, size));
  Free(block);
  return moved;
}

void BlockPool::Free(void* block) {
  if (block == nullptr) return;
  Header* const header = HeaderOf(block);
  const std::size_t capacity = header->capacity;
  stats_.bytes_in_use -= capacity;
  if (header->size_class == kClasses || stats_.bytes_idle + capacity > max_idle_bytes_) {
    std::free(header);
    return;
  }
  PoisonFreed(block, capacity);
  FreeList& list = lists_[header->size_class];
  header->next = list.head;
  list.head = header;
  ++list.idle;
  stats_.bytes_idle += capacity;
}

std::size_t BlockPool::Trim(TimePoint now) {
  if (now - last_trim_ < trim_interval_) return 0;
  last_trim_ = now;
  const std::size_t before = stats_.bytes_idle;
  for (std::size_t i = 0; i < kClasses; ++i) {
    FreeList& list = lists_[i];
    for (std::size_t n = list.idle_low; n > 0; --n) Discard(list, i);
    list.idle_low = list.idle;
  }
  return before - stats_.bytes_idle;
}

BlockPool::Header* BlockPool::Fresh(std::size_t capacity, std::size_t size_class) {
  ++stats_.misses;
  if (capacity > SIZE_MAX - sizeof(Header)) return nullptr;
  auto* const header = static_cast<Header*>(std::malloc(sizeof(Header) + capacity));
  if (header == nullptr) return nullptr;
  header->capacity = capacity;
  header->size_class = size_class;
  return header;
}

void BlockPool::Discard(FreeList& list, std::size_t size_class) {
  Header* const header = list.head;
  list.head = header->next;
  list.idle_low = std::min(list.idle_low, --list.idle);
  stats_.bytes_idle -= kBlockSizes[size_class];
  UnpoisonReused(header + 1, kBlockSizes[size_class]);
  std::free(header);
}

}  // namespace weft::internal
