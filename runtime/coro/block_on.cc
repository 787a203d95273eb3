#include "weft/block_on.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "coro/executor.h"
#include "weft/internal/cancel_scope.h"

namespace weft::internal {

class BlockingExecutor final : public Executor {
 public:
  // `outer`: of the code that blocks, or null.
  explicit BlockingExecutor(CancelScope* outer)
      : thread_(std::this_thread::get_id()), context_scope_(&context_), bridge_(*this) {
    if (outer != nullptr) {
      scope_.LowerDeadline(outer->deadline());
      if (!outer->Link(bridge_)) scope_.Cancel();
    }
    context_.executor = this;
  }
  BlockingExecutor(const BlockingExecutor&) = delete;
  BlockingExecutor& operator=(const BlockingExecutor&) = delete;
  // What still stands in the queues belongs to waits that were dropped: it lets go of what it
  // keeps.
  ~BlockingExecutor() {
    bridge_.Unlink();
    while (Runnable* const next = NextLeft()) next->Run();
  }

  void Schedule(Runnable& runnable) override { ready_.Push(runnable); }

  bool Post(Runnable& runnable) override {
    // Notified under the lock: the runnable may end the wait, and with it this executor.
    std::lock_guard lock(mutex_);
    posted_.Push(runnable);
    wake_.notify_one();
    return true;
  }

  bool OnThread() const override { return std::this_thread::get_id() == thread_; }
  TimePoint Now() override { return Clock::System().Now(); }

  CancelScope& scope() { return scope_; }

  // In rounds, so that what is posted gets its turn also beside a task that is always ready.
  void RunUntil(const bool& done) {
    RunQueue round;
    while (!done) {
      {
        std::unique_lock lock(mutex_);
        if (ready_.empty()) wake_.wait(lock, [this] { return !posted_.empty(); });
        ready_.Splice(posted_);
      }
      round.Splice(ready_);
      while (!done) {
        Runnable* const next = round.Pop();
        if (next == nullptr) break;
        next->Run();
      }
    }
    ready_.Splice(round);
  }

 private:
  // The scope of the code that blocks is cancelled on another thread: it is passed on to this one.
  class Bridge final : public CancelNode, private Runnable {
   public:
    explicit Bridge(BlockingExecutor& executor) : executor_(executor) {}
    ~Bridge() { Unlink(); }

   private:
    void OnCancelled() override { executor_.Post(*this); }
    void Run() override { executor_.scope_.Cancel(); }

    BlockingExecutor& executor_;
  };

  Runnable* NextLeft() {
    std::lock_guard lock(mutex_);
    ready_.Splice(posted_);
    return ready_.Pop();
  }

  const std::thread::id thread_;
  ThreadContext context_;
  ThreadContextScope context_scope_;
  RunQueue ready_;
  std::mutex mutex_;
  std::condition_variable wake_;
  RunQueue posted_;  // guarded by mutex_
  CancelScope scope_;
  Bridge bridge_;
};

BlockingRunner::BlockingRunner() {
  ThreadContext* context = CurrentThreadContext();
  Check(context == nullptr || context->executor == nullptr,
        "weft::BlockOn on the thread of an event loop would block the loop: co_await the task");
  executor_ = new BlockingExecutor(context == nullptr ? nullptr : context->scope);
}

BlockingRunner::~BlockingRunner() { delete executor_; }

CancelScope& BlockingRunner::scope() const { return executor_->scope(); }
void BlockingRunner::RunUntil(const bool& done) const { executor_->RunUntil(done); }

void DieOfStuckBlockOn() {
  Die("the task given to weft::BlockOn can't go on: see the line before");
}

}  // namespace weft::internal
