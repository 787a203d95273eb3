// Layer: coro.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::internal {

class CancelScope;
class Executor;
class FramePool;
class PromiseBase;
class RootBase;

// What the code that runs now on this thread belongs to. Owned by an event loop, or by whoever
// lends its thread to coroutines for a while. One thread.
struct ThreadContext {
  // Where coroutines of this thread resume; null where there is no loop: then nothing may suspend.
  Executor* executor = nullptr;
  // Where new coroutine frames come from; null: from the heap.
  FramePool* frames = nullptr;

  // The rest is the business of Task and Continuation.
  // The scope of the coroutine that runs now: a call made by it hangs itself in. Null outside of
  // coroutines.
  CancelScope* scope = nullptr;
  // The coroutine that runs now. Cleared when it suspends or ends, so if it is still set when
  // control has come back to the one who resumed it, that coroutine did neither: it was
  // miscompiled.
  PromiseBase* running = nullptr;
  // A root that has ended while it was resumed and is to be told so.
  RootBase* finished = nullptr;
  // How many tasks in a row have completed without a return to the loop; see PromiseBase::Finish.
  std::uint32_t inline_completions = 0;
  // How many Resume calls are on this thread's stack.
  std::uint32_t resume_depth = 0;
};

// The one thread_local of Weft. Null on a thread that runs no coroutines.
[[gnu::tls_model(
    "initial-exec")]] extern constinit thread_local ThreadContext* current_thread_context;

inline ThreadContext* CurrentThreadContext() { return current_thread_context; }

// Makes `context` the current one until it goes out of scope.
class ThreadContextScope {
 public:
  explicit ThreadContextScope(ThreadContext* context) : former_(current_thread_context) {
    current_thread_context = context;
  }
  ThreadContextScope(const ThreadContextScope&) = delete;
  ThreadContextScope& operator=(const ThreadContextScope&) = delete;
  ~ThreadContextScope() { current_thread_context = former_; }

 private:
  ThreadContext* former_;
};

// Memory for a coroutine frame, from the current pool, else from the heap. May be freed on any
// thread, also after the pool has gone.
void* AllocateFrame(std::size_t size);
void FreeFrame(void* frame) noexcept;

}  // namespace weft::internal
