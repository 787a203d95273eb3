#pragma once

#include <cstddef>

#include "buffer/chunk.h"
#include "weft/clock.h"

namespace weft::internal {

// INTERFACE SKETCH (the buffer module's author completes it; these names and meanings are what others use).
class ChunkPool {
 public:
  struct Options;
  struct Stats;
  // A chunk of at least `min_size` bytes of room; above the largest class it is made to size and not pooled.
  // Owner thread only (the thread of the loop). Never null.
  ChunkRef Acquire(std::size_t min_size);
  // The same from a thread that does not own the pool (mutex-guarded depot).
  ChunkRef AcquireFromAnyThread(std::size_t min_size);
  // Gives memory back that was idle since the last call or so; the loop calls it about once a second.
  void Trim(TimePoint now);
  Stats stats() const;
};

}  // namespace weft::internal
