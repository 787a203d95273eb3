// Layer: io.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "weft/clock.h"

namespace weft {

namespace internal {
class LoopCore;
}  // namespace internal

// One thread's event loop: its sockets, timers, coroutines and memory pools. The user makes it,
// runs it on a thread of the user's own, and gives it to servers and channels; connections never
// leave their loop. It makes no thread.
//
// The loop's thread is whichever called Run or RunOnce last; before the first time, the one that
// made the loop. Post, Stop and OnThread may be called on any thread and may overlap; all else
// belongs to the loop's thread. A loop may be destroyed before or after what uses it, but not from
// inside itself: what still lives on it is ended first.
class EventLoop final {
 public:
  class Options {
   public:
    // g++ 12 can't use a defaulted one in a default argument of the enclosing class.
    Options() {}  // NOLINT(modernize-use-equals-default)
    // Where the loop takes time and chance from; for simulations. Must outlive the loop.
    Options& set_clock(Clock& clock) {
      clock_ = &clock;
      return *this;
    }
    Options& set_random(Random& random) {
      random_ = &random;
      return *this;
    }
    Clock* clock() const { return clock_; }
    Random* random() const { return random_; }

   private:
    Clock* clock_ = nullptr;
    Random* random_ = nullptr;
  };

  // Fails when the process has no file descriptor left.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(const Options& options = Options());
  // As Create, but aborts where that would fail.
  explicit EventLoop(const Options& options = Options());
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Runs until Stop. On return everything that was accepted by Post has run, what lived on the loop
  // has ended, and later posts are refused.
  void Run();
  // Makes one pass: waits up to `timeout` for something to do (zero: not at all; negative: without
  // a limit) and does it. False once the loop has been stopped.
  bool RunOnce(Duration timeout = Duration::zero());
  // Ends the loop for good, at the end of the current pass. Before Run, Run returns at once.
  void Stop();
  // Readable whenever RunOnce has something to do: for a foreign loop to wait on. Belongs to the
  // loop.
  int fd();

  // Runs `fn` on the loop's thread, in order. False when the loop has ended: then `fn` never runs.
  bool Post(absl::AnyInvocable<void() &&> fn);
  bool OnThread() const;
  // The time as read once in this pass.
  TimePoint Now();

  // For Weft's own parts.
  internal::LoopCore& core() { return *core_; }

 private:
  explicit EventLoop(std::unique_ptr<internal::LoopCore> core);

  const std::unique_ptr<internal::LoopCore> core_;
};

}  // namespace weft
