#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "buffer/owner.h"

namespace weft::internal {

class ChunkPoolCore;

// What a chunk tells its pool while it is in use.
class ChunkHome {
 public:
  // User space put n bytes into a chunk. From two threads at once it may count some of them only:
  // a locked instruction for every message would be too much for a statistic.
  void CountWritten(std::size_t n) {
    written_.store(written_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }

 protected:
  ~ChunkHome() = default;

 private:
  std::atomic<std::uint64_t> written_{0};
};

// Memory for bytes: this header and the storage behind it are one block. Made by a ChunkPool; falls
// back to it when the last reference goes, on whatever thread that happens. The storage is written
// by whoever holds the only reference, or by a BufList behind the bytes that it has already given
// out; bytes in a Slice never change.
class alignas(16) Chunk final : public BufferOwner {
 public:
  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const { return capacity_; }
  // As ChunkHome's.
  void CountWritten(std::size_t n) { home_->CountWritten(n); }

 private:
  friend class ChunkPoolCore;

  // Allocates header and storage; the storage is not touched, so that its pages stay unresident
  // until they are used.
  static Chunk* Create(ChunkHome* home, std::size_t capacity, std::uint8_t size_class);
  static void Destroy(Chunk* chunk);

  Chunk(ChunkHome* home, std::size_t capacity, std::uint8_t size_class)
      : BufferOwner(Kind::kChunk), size_class_(size_class), home_(home), capacity_(capacity) {}
  ~Chunk() override = default;
  void Release() noexcept override;

  const std::uint8_t size_class_;  // an index of kChunkSizes, or their number for one made to size
  bool from_depot_ = false;        // taken by a thread that does not own the pool
  ChunkHome* const home_;          // a ChunkPoolCore; outlives the chunk
  Chunk* next_ = nullptr;          // in a free list or the return stack
  const std::size_t capacity_;
};

// The reference to a chunk that its writer holds. Move-only; belongs to one thread at a time.
class ChunkRef {
 public:
  ChunkRef() = default;
  // Takes over a reference that the caller holds.
  static ChunkRef Adopt(Chunk* chunk) { return ChunkRef(chunk); }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef&& other) noexcept {
    ChunkRef taken(std::move(other));
    std::swap(chunk_, taken.chunk_);
    return *this;
  }
  ~ChunkRef() {
    if (chunk_ != nullptr) chunk_->Unref();
  }

  Chunk* get() const { return chunk_; }
  Chunk* operator->() const { return chunk_; }
  Chunk& operator*() const { return *chunk_; }
  explicit operator bool() const { return chunk_ != nullptr; }

  // Gives this reference up for a slice.
  OwnerRef ToOwner() && { return OwnerRef::Adopt(std::exchange(chunk_, nullptr)); }
  // One more reference, for a slice.
  OwnerRef Share() const {
    chunk_->RefBySoleUser();
    return OwnerRef::Adopt(chunk_);
  }

 private:
  explicit ChunkRef(Chunk* chunk) : chunk_(chunk) {}
  Chunk* chunk_ = nullptr;
};

}  // namespace weft::internal
