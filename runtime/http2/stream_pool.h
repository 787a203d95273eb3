#pragma once

#include <cstddef>

#include "buffer/block_pool.h"
#include "buffer/chunk_pool.h"

namespace weft::http2 {

class Stream;

// What the sessions of one event loop share: chunks for output, blocks for the library under them,
// and idle stream objects, which keep the capacity of their lists. Owned by the loop; loop thread
// only; must outlive its sessions and whatever their heads and trailers were moved to.
class StreamPool {
 public:
  struct Stats {
    std::size_t idle = 0;
    std::size_t made = 0;  // since the start; stands still in a steady state
  };

  StreamPool(internal::ChunkPool& chunks, internal::BlockPool& blocks);
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;
  ~StreamPool();

  internal::ChunkPool& chunks() { return chunks_; }
  internal::BlockPool& blocks() { return blocks_; }
  Stats stats() const { return {idle_count_, made_}; }
  // Frees the idle streams above `keep`.
  void Trim(std::size_t keep);

 private:
  friend class Core;

  Stream* Acquire();
  void Release(Stream* stream);

  internal::ChunkPool& chunks_;
  internal::BlockPool& blocks_;
  Stream* idle_ = nullptr;  // linked through the streams
  std::size_t idle_count_ = 0;
  std::size_t made_ = 0;
};

}  // namespace weft::http2
