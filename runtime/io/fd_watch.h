#pragma once

#include <cstddef>

#include "base/intrusive_list.h"
#include "io/transport.h"

namespace weft::internal {

class LoopCore;

// Readiness of one descriptor, told to Transport::Events. A member of whatever owns the descriptor;
// loop thread only. Watching allocates nothing. Stop before the descriptor is closed. When the loop
// dies first, the watch falls silent.
class FdWatch : private ListHook<FdWatch> {
 public:
  FdWatch() = default;
  ~FdWatch() { Stop(); }

  // Neither direction is watched yet. `events` must outlive the watch or its Stop; it may destroy
  // this from inside.
  void Start(LoopCore& loop, int fd, Transport::Events& events);
  void WatchReads(bool on) { Watch(kRead, on); }
  void WatchWrites(bool on) { Watch(kWrite, on); }
  bool reads() const { return on_[kRead]; }
  bool writes() const { return on_[kWrite]; }
  void Stop();

 private:
  friend class LoopCore;
  template <typename T, typename U>
  friend class IntrusiveList;
  enum Direction { kRead, kWrite };
  // Room for libevent's struct, which no header of ours shows; fd_watch.cc asserts that it fits.
  static constexpr std::size_t kEventSize = 144;

  void Watch(Direction direction, bool on);
  void* EventAt(Direction direction) { return storage_[direction]; }

  Transport::Events* events_ = nullptr;  // while started
  bool on_[2] = {};
  alignas(std::max_align_t) std::byte storage_[2][kEventSize];
};

}  // namespace weft::internal
