#pragma once

#include <atomic>
#include <cstddef>
#include <limits>

namespace weft::internal {

// Counts the blocking handlers that run on a server's workers or wait for one, so that a call for
// which there is no place can be refused before its request is parsed. One per server, any thread.
class WorkerPlaces {
 public:
  WorkerPlaces(std::size_t workers, std::size_t queue)
      : limit_(queue < std::numeric_limits<std::size_t>::max() - workers
                   ? workers + queue
                   : std::numeric_limits<std::size_t>::max()) {}
  WorkerPlaces(const WorkerPlaces&) = delete;

  // False when all are taken.
  bool Take() {
    std::size_t taken = taken_.load(std::memory_order_relaxed);
    while (taken < limit_) {
      if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  bool full() const { return taken_.load(std::memory_order_relaxed) >= limit_; }
  void GiveBack() { taken_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace weft::internal
