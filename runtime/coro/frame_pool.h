#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weft/internal/thread_context.h"

namespace weft::internal {

// Coroutine frames for one thread: free lists by size class. A frame knows the pool it came from,
// so it may be freed anywhere and at any time: on the pool's thread it is reused at once, elsewhere
// it waits in a locked list until the pool runs dry, and after the pool's end it goes to the heap.
// Owned by a loop; used by its thread.
class FramePool {
 public:
  // Frames of up to this size are pooled, in classes of kClassBytes (a header of kHeaderBytes
  // counted in).
  static constexpr std::size_t kClassBytes = 64;
  static constexpr std::size_t kMaxPooledBytes = 2048;
  static constexpr std::size_t kHeaderBytes = 16;
  // What is kept for reuse: the frames of about 10,000 calls that were in flight at once.
  static constexpr std::size_t kMaxIdleBytes = std::size_t{4} << 20;

  // kHeap hands every frame to the heap, so that a memory checker sees each of them. kDefault pools
  // unless the environment variable WEFT_UNPOOLED_FRAMES is set.
  enum class Mode { kDefault, kPooled, kHeap };

  struct Stats {
    std::size_t live = 0;        // frames handed out and not yet back
    std::size_t idle_bytes = 0;  // kept for reuse
    std::size_t bytes = 0;       // of all pooled frames that exist
    std::uint64_t hits = 0;      // frames that came from a free list
    std::uint64_t misses = 0;    // frames that came from the heap
  };

  explicit FramePool(Mode mode = Mode::kDefault);
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  // Frames that are still in use stay valid.
  ~FramePool();

  void* Allocate(std::size_t size);

  // Gives back to the heap what was not needed since the last Trim. Call it now and then.
  void Trim();

  Stats stats();

 private:
  friend void* AllocateFrame(std::size_t size);
  friend void FreeFrame(void* frame) noexcept;

  static constexpr std::size_t kClasses = kMaxPooledBytes / kClassBytes;

  struct Core;
  struct Header;
  struct FreeList {
    Header* head = nullptr;
    std::uint32_t count = 0;
    std::uint32_t low = 0;  // the least `count` since the last Trim
  };

  static void* AllocateUnpooled(std::size_t size);
  void FreeLocal(Header* header) noexcept;
  void Shrink(FreeList& list, std::uint32_t keep) noexcept;
  static void FreeRemote(Header* header) noexcept;
  void TakeReturned() noexcept;

  Core* core_;
  bool pooled_;
  std::size_t live_ = 0;
  std::size_t idle_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::array<FreeList, kClasses> lists_;
};

}  // namespace weft::internal
