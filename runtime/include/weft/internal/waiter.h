// Layer: coro.
#pragma once

#include "weft/internal/promise.h"

namespace weft::internal {

// The executor of this thread; dies with a text that tells what to do where there is none.
Executor& RequireExecutor();

// A coroutine that waits for something on its loop. A member of its awaiter: it dies with the
// coroutine's frame and takes itself out of the loop's queue then. Loop thread only.
class Waiter final : public Runnable {
 public:
  // From await_suspend. Dies on a thread that has no loop.
  template <typename P>
  void Suspend(std::coroutine_handle<P> handle) {
    executor_ = &RequireExecutor();
    continuation_ = Continuation(handle);
  }

  // From Suspend until the coroutine goes on.
  bool suspended() const { return static_cast<bool>(continuation_); }
  const Continuation& continuation() const { return continuation_; }
  CancelScope* scope() const { return continuation_.scope(); }

  // The coroutine goes on in this pass of the loop, never inside of this call. Does nothing the
  // second time.
  void Wake();
  // The same from any thread, once. The coroutine may not be destroyed until it has gone on.
  // False when the loop has ended: then it never will.
  bool WakeFromAnyThread();

  void Run() override { continuation_.Resume(); }

 private:
  Executor* executor_ = nullptr;
  Continuation continuation_;
};

}  // namespace weft::internal
