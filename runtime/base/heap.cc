#include "base/heap.h"

#include <atomic>
#include <cstdlib>  // tells which C library it is
#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace weft::internal {

bool ReturnFreeHeap(TimePoint now) {
  constexpr Duration::rep kLongAgo = std::numeric_limits<Duration::rep>::min() / 2;
  static std::atomic<Duration::rep> last{kLongAgo};  // lint: allow global: there is one heap
  const Duration::rep at = now.time_since_epoch().count();
  Duration::rep before = last.load(std::memory_order_relaxed);
  if (at - before < kHeapTrimPause.count() && at >= before) return false;
  if (!last.compare_exchange_strong(before, at, std::memory_order_relaxed)) return false;
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  return true;
}

}  // namespace weft::internal
