#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "buffer/owner.h"

namespace weft::internal {

class ChunkPoolCore;

// Memory for bytes: this header and the storage behind it are one block. Made by a ChunkPool; falls
// back to it when the last reference goes, on whatever thread that happens. The storage is written
// by whoever holds the only reference, or by a BufList behind the bytes that it has already given
// out; bytes in a Slice never change.
class alignas(16) Chunk final : public BufferOwner {
 public:
  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const { return capacity_; }

 private:
  friend class ChunkPoolCore;

  // Allocates header and storage; the storage is not touched, so that its pages stay unresident
  // until they are used.
  static Chunk* Create(ChunkPoolCore* home, std::size_t capacity, std::uint8_t size_class);
  static void Destroy(Chunk* chunk);

  Chunk(ChunkPoolCore* home, std::size_t capacity, std::uint8_t size_class)
      : BufferOwner(Kind::kChunk), size_class_(size_class), home_(home), capacity_(capacity) {}
  ~Chunk() override = default;
  void Release() noexcept override;

  const std::uint8_t size_class_;  // an index of kChunkSizes, or their number for one made to size
  bool from_depot_ = false;        // taken by a thread that does not own the pool
  ChunkPoolCore* const home_;      // outlives the chunk
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
