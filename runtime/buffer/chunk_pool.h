#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/intrusive_list.h"
#include "buffer/chunk.h"
#include "buffer/limits.h"
#include "weft/clock.h"

namespace weft::internal {

// Free lists of chunks by size class, one pool a loop. Belongs to the thread that made it, or the
// one it was bound to last; that thread takes and gives back without locks or atomic
// read-modify-writes. A chunk whose last reference goes on another thread is pushed to a lock-free
// return stack, which the owner takes whole at its next miss.
//
// May be destroyed while chunks are out: what the free lists need lives on, counted by the chunks,
// and the last chunk takes it along. By its owner thread, or by another when the owner has ended;
// nobody may call the pool at the same time.
class ChunkPool {
 public:
  struct Options {
    Options() = default;
    std::size_t max_idle_bytes = kPoolMaxIdleBytes;
    std::size_t max_returned_bytes = kPoolMaxReturnedBytes;
    std::size_t max_depot_bytes = kDepotMaxIdleBytes;
    Duration trim_interval = kPoolTrimInterval;
  };

  // Since the pool was made, and as of now. Read while other threads work, the parts need not fit
  // exactly.
  struct Stats {
    Stats() = default;
    std::uint64_t hits = 0;            // chunks that came from a free list
    std::uint64_t misses = 0;          // chunks that came from malloc
    std::uint64_t remote_returns = 0;  // chunks that came home over the return stack
    // What user space has put into its chunks: messages serialized, and whatever was copied. What
    // the kernel read into them does not count, nor what is sent from where it lies.
    std::uint64_t bytes_written = 0;
    std::size_t bytes_in_use = 0;
    std::size_t bytes_idle = 0;
    std::size_t bytes_charged = 0;  // see Charge
    std::size_t bytes_peak = 0;     // the most of all three since ForgetPeak
  };

  // Hears of the bytes in use, charged ones included, whenever they have moved by kUseStep. On the
  // owner thread, from inside of what the pool is asked: must not use the pool. Unlinks itself when
  // destroyed, which is the owner thread's too while that works.
  class Watcher : public ListHook<Watcher> {
   public:
    virtual void OnUse(std::size_t bytes) = 0;

   protected:
    ~Watcher() = default;
  };

  // Memory that is not the pool's, but is held for a call on its loop: counts as in use while it
  // lives. May outlive the pool and end on any thread.
  class Charge {
   public:
    Charge() = default;
    Charge(Charge&& other) noexcept
        : core_(std::exchange(other.core_, nullptr)), bytes_(other.bytes_) {}
    // What this was a charge for is given up now, not when `other` goes.
    Charge& operator=(Charge&& other) noexcept {
      Charge old(std::exchange(core_, std::exchange(other.core_, nullptr)), bytes_);
      bytes_ = other.bytes_;
      return *this;
    }
    ~Charge();

    std::size_t bytes() const { return core_ != nullptr ? bytes_ : 0; }

   private:
    friend class ChunkPool;
    Charge(ChunkPoolCore* core, std::size_t bytes) : core_(core), bytes_(bytes) {}

    ChunkPoolCore* core_ = nullptr;
    std::size_t bytes_ = 0;
  };

  ChunkPool();
  explicit ChunkPool(const Options& options);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool();

  // From now on the calling thread owns the pool. The former owner must be done with it, and what
  // it did must be visible here (as it is to a thread that it starts).
  void BindToThisThread();

  // A chunk of at least `min_size` bytes of room; above the largest class it is made to size and
  // not kept. Never null. Any thread: one that does not own the pool is
  // served by AcquireFromAnyThread.
  ChunkRef Acquire(std::size_t min_size);
  // The same from a thread that does not own the pool, out of a depot with a mutex.
  ChunkRef AcquireFromAnyThread(std::size_t min_size);
  // Gives back what lay idle since the call before; returns how many bytes. Sooner than the trim
  // interval after that it does nothing. The loop calls it about once a second while bytes are
  // idle. Owner thread only.
  std::size_t Trim(TimePoint now);
  // Any thread. Watchers hear of it at once from the owner thread alone; see Tell.
  Charge ChargeFor(std::size_t bytes);
  // Tells the watchers of what other threads took, charged and gave back, which they would hear of
  // at the next trim. Owner thread only.
  void Tell();
  // On the owner thread, or before it begins.
  void AddWatcher(Watcher& watcher);
  // Any thread.
  Stats stats() const;
  // Starts the peak anew. Owner thread only.
  void ForgetPeak();

 private:
  ChunkPoolCore* const core_;
};

}  // namespace weft::internal
