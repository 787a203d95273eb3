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
    std::size_t made = 0;   // since the start; stands still in a steady state
    std::size_t bytes = 0;  // of all streams that exist, without their lists
  };

  StreamPool(internal::ChunkPool& chunks, internal::BlockPool& blocks);
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;
  ~StreamPool();

  internal::ChunkPool& chunks() { return chunks_; }
  internal::BlockPool& blocks() { return blocks_; }
  Stats stats() const;
  // Frees as many idle streams as were not needed since the last Trim.
  void Trim();

 private:
  friend class Core;

  // Frees the idle streams above `keep`.
  void Keep(std::size_t keep);

  Stream* Acquire();
  void Release(Stream* stream);

  internal::ChunkPool& chunks_;
  internal::BlockPool& blocks_;
  Stream* idle_ = nullptr;  // linked through the streams
  std::size_t idle_count_ = 0;
  std::size_t idle_low_ = 0;  // the fewest since the last Trim
  std::size_t made_ = 0;
  std::size_t freed_ = 0;
};

}  // namespace weft::http2
