#pragma once

#include <thread>

#include "coro/executor.h"
#include "coro/frame_pool.h"
#include "weft/internal/thread_context.h"

namespace weft::testing {

// An event loop without events: makes the current thread the loop's and runs what was scheduled
// when told to. Posting from other threads is not supported. Lives on the stack of a test.
class TestExecutor final : public internal::Executor {
 public:
  explicit TestExecutor(internal::FramePool::Mode mode = internal::FramePool::Mode::kDefault)
      : frames_(mode), scope_(&context_) {
    context_.executor = this;
    context_.frames = &frames_;
  }

  void Schedule(internal::Runnable& runnable) override { queue_.Push(runnable); }
  bool Post(internal::Runnable& runnable) override {
    queue_.Push(runnable);
    return true;
  }
  bool OnThread() const override { return std::this_thread::get_id() == thread_; }
  TimePoint Now() override { return now; }

  // Runs until the queue is empty; returns how many ran.
  int RunAll() {
    int count = 0;
    while (RunOne()) ++count;
    return count;
  }
  bool RunOne() {
    internal::Runnable* next = queue_.Pop();
    if (next == nullptr) return false;
    next->Run();
    return true;
  }

  internal::FramePool& frames() { return frames_; }
  internal::ThreadContext& context() { return context_; }

  TimePoint now{};

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
  internal::FramePool frames_;
  internal::ThreadContext context_;
  internal::ThreadContextScope scope_;
  internal::RunQueue queue_;
};

}  // namespace weft::testing
