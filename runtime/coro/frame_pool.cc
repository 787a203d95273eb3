#include "coro/frame_pool.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "base/poison.h"

namespace weft::internal {
// Stands ahead of each frame and stays readable while the frame is idle and poisoned.
struct FramePool::Header {
  Core* core;  // null: from the heap, belongs to no pool
  std::size_t size_class;

  std::byte* frame() { return reinterpret_cast<std::byte*>(this) + kHeaderBytes; }
  std::size_t frame_size() const { return (size_class + 1) * kClassBytes - kHeaderBytes; }
  static Header* Of(void* frame) {
    return reinterpret_cast<Header*>(static_cast<std::byte*>(frame) - kHeaderBytes);
  }

  // The link of an idle frame is kept in its own memory.
  void MakeIdle(Header* next) {
    new (frame()) Header*(next);
    PoisonFreed(frame(), frame_size());
  }
  Header* MakeLive() {
    UnpoisonReused(frame(), frame_size());
    return *std::launder(reinterpret_cast<Header**>(frame()));
  }
};

// The part that outlives the pool, until its last frame has come back.
struct FramePool::Core {
  // Lets the owner look without the lock.
  std::atomic<bool> has_returned = false;
  std::mutex mutex;
  Header* returned = nullptr;  // freed on other threads; guarded by mutex, as the rest
  bool orphaned = false;
  std::size_t orphans = 0;  // frames in use after the pool's end
};

FramePool::FramePool(Mode mode)
    : core_(new Core),
      pooled_(mode == Mode::kPooled ||
              (mode == Mode::kDefault && std::getenv("WEFT_UNPOOLED_FRAMES") == nullptr)) {
  static_assert(sizeof(Header) == kHeaderBytes);
}

FramePool::~FramePool() {
  TakeReturned();
  for (FreeList& list : lists_) Shrink(list, 0);
  bool last;
  {
    std::lock_guard lock(core_->mutex);
    // Frames that came back since are counted with the rest and taken here.
    for (Header* header = core_->returned; header != nullptr; --live_) {
      Header* next = header->MakeLive();
      ::operator delete(header);
      header = next;
    }
    core_->returned = nullptr;
    core_->orphaned = true;
    core_->orphans = live_;
    last = live_ == 0;
  }
  if (last) delete core_;
}

void* FramePool::Allocate(std::size_t size) {
  const std::size_t size_class = (size + kHeaderBytes - 1) / kClassBytes;
  if (size_class >= kClasses || !pooled_) [[unlikely]]
    return AllocateUnpooled(size);
  FreeList& list = lists_[size_class];
  if (list.head == nullptr && core_->has_returned.load(std::memory_order_acquire)) TakeReturned();
  Header* header = list.head;
  ++live_;
  if (header != nullptr) [[likely]] {
    list.head = header->MakeLive();
    if (--list.count < list.low) list.low = list.count;
    idle_bytes_ -= (size_class + 1) * kClassBytes;
    ++hits_;
    return header->frame();
  }
  ++misses_;
  bytes_ += (size_class + 1) * kClassBytes;
  header = static_cast<Header*>(::operator new((size_class + 1) * kClassBytes));
  header->core = core_;
  header->size_class = size_class;
  return header->frame();
}

void* FramePool::AllocateUnpooled(std::size_t size) {
  auto* header = static_cast<Header*>(::operator new(size + kHeaderBytes));
  header->core = nullptr;
  return header->frame();
}

void FramePool::FreeLocal(Header* header) noexcept {
  --live_;
  FreeList& list = lists_[header->size_class];
  const std::size_t size = (header->size_class + 1) * kClassBytes;
  if (idle_bytes_ + size > kMaxIdleBytes) {
    bytes_ -= size;
    ::operator delete(header);
    return;
  }
  header->MakeIdle(list.head);
  list.head = header;
  ++list.count;
  idle_bytes_ += size;
}

void FramePool::FreeRemote(Header* header) noexcept {
  Core* core = header->core;
  bool last = false;
  {
    std::lock_guard lock(core->mutex);
    if (!core->orphaned) {
      header->MakeIdle(core->returned);
      core->returned = header;
      core->has_returned.store(true, std::memory_order_release);
      return;
    }
    last = --core->orphans == 0;
  }
  ::operator delete(header);
  if (last) delete core;
}

void FramePool::TakeReturned() noexcept {
  Header* header;
  {
    std::lock_guard lock(core_->mutex);
    header = std::exchange(core_->returned, nullptr);
    core_->has_returned.store(false, std::memory_order_relaxed);
  }
  while (header != nullptr) {
    Header* next = header->MakeLive();
    FreeLocal(header);
    header = next;
  }
}

void FramePool::Shrink(FreeList& list, std::uint32_t keep) noexcept {
  while (list.count > keep) {
    Header* header = list.head;
    list.head = header->MakeLive();
    --list.count;
    const std::size_t size = (header->size_class + 1) * kClassBytes;
    idle_bytes_ -= size;
    bytes_ -= size;
    ::operator delete(header);
  }
}

void FramePool::Trim() {
  TakeReturned();
  for (FreeList& list : lists_) {
    Shrink(list, list.count - list.low);
    list.low = list.count;
  }
}

FramePool::Stats FramePool::stats() {
  if (core_->has_returned.load(std::memory_order_acquire)) TakeReturned();
  Stats stats;
  stats.live = live_;
  stats.idle_bytes = idle_bytes_;
  stats.bytes = bytes_;
  stats.hits = hits_;
  stats.misses = misses_;
  return stats;
}

void* AllocateFrame(std::size_t size) {
  ThreadContext* context = CurrentThreadContext();
  if (context != nullptr && context->frames != nullptr) return context->frames->Allocate(size);
  return FramePool::AllocateUnpooled(size);
}

void FreeFrame(void* frame) noexcept {
  FramePool::Header* header = FramePool::Header::Of(frame);
  if (header->core == nullptr) {
    ::operator delete(header);
    return;
  }
  ThreadContext* context = CurrentThreadContext();
  if (context != nullptr && context->frames != nullptr && context->frames->core_ == header->core) {
    context->frames->FreeLocal(header);
  } else {
    FramePool::FreeRemote(header);
  }
}

}  // namespace weft::internal
