#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

#include "base/intrusive_list.h"
#include "weft/clock.h"

namespace weft::internal {

class LoopResidents;

// Lives on a loop, by LoopCore::AddResident: is told when the loop ends, so that what it has there
// can end first (connections close, calls are cancelled), and asked now and then to give back what
// it keeps for reuse.
//
// Made and destroyed on any thread, also while the loop runs. Who may be destroyed on another
// thread than the loop's says LeaveLoop first thing in its destructor: later its own parts are gone
// already.
class LoopResident {
 public:
  LoopResident() : link_(*this) {}
  LoopResident(const LoopResident&) = delete;

  // On the loop's thread (or that of its destructor), once, and not after LeaveLoop. May destroy
  // this.
  virtual void OnLoopEnd() = 0;
  // On the loop's thread, about once in kPoolTrimInterval while the loop does something or anything
  // is idle: destroys what was kept for reuse and not needed since the last time. Gives how much is
  // still kept, in whatever unit: at 0 the loop need not come again. Must not make or destroy
  // residents: they wait for this to return.
  virtual std::size_t Trim(TimePoint now);
  // On the loop's thread, as often, after Trim: about how many bytes it and what it has on the loop
  // hold, kept for reuse or in use, but for chunks and coroutine frames, which the loop counts.
  // When it falls far the heap is trimmed.
  virtual std::size_t HeapBytes() const;

 protected:
  virtual ~LoopResident() { LeaveLoop(); }

  // Any thread: when it has returned, the loop calls this no more. It waits for a call that another
  // thread is in. Does nothing the second time.
  void LeaveLoop();

 private:
  friend class LoopResidents;
  struct Link : ListHook<Link> {
    explicit Link(LoopResident& of) : resident(of) {}
    LoopResident& resident;
  };

  Link link_;  // under the residents' lock
  std::shared_ptr<LoopResidents> residents_;
};

// The residents of one loop. Shared by the loop and them, since either may die first. Any thread,
// except where said.
class LoopResidents final : public std::enable_shared_from_this<LoopResidents> {
 public:
  // Once for each. After Close it is never told of anything.
  void Add(LoopResident& resident);
  void Remove(LoopResident& resident);

  // The loop's side: tells all, also those that are added meanwhile.
  void TellEnd() { Tell(/*close=*/false); }
  // The same, and takes no more.
  void Close() { Tell(/*close=*/true); }
  // The sums of what all give.
  struct Left {
    std::size_t kept = 0;
    std::size_t heap_bytes = 0;
  };
  Left Trim(TimePoint now);

 private:
  void Tell(bool close);

  std::mutex mutex_;
  std::condition_variable told_;
  IntrusiveList<LoopResident::Link, LoopResident::Link> list_;
  // Whom `teller_` is telling right now. It may be gone already: only for comparing.
  const LoopResident* telling_ = nullptr;
  std::thread::id teller_;
  bool closed_ = false;
};

}  // namespace weft::internal
