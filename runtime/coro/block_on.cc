#include "weft/block_on.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "coro/executor.h"

namespace weft::internal {

class BlockingExecutor final : public Executor {
 public:
  BlockingExecutor() : thread_(std::this_thread::get_id()), context_scope_(&context_) {
    context_.executor = this;
  }
  BlockingExecutor(const BlockingExecutor&) = delete;
  BlockingExecutor& operator=(const BlockingExecutor&) = delete;
  ~BlockingExecutor() = default;

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

  void RunUntil(const bool& done) {
    while (!done) {
      Runnable* next = ready_.Pop();
      if (next != nullptr) {
        next->Run();
        continue;
      }
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !posted_.empty(); });
      ready_.Splice(posted_);
    }
  }

 private:
  const std::thread::id thread_;
  ThreadContext context_;
  ThreadContextScope context_scope_;
  RunQueue ready_;
  std::mutex mutex_;
  std::condition_variable wake_;
  RunQueue posted_;  // guarded by mutex_
};

BlockingRunner::BlockingRunner() {
  ThreadContext* context = CurrentThreadContext();
  Check(context == nullptr || context->executor == nullptr,
        "weft::BlockOn on the thread of an event loop would block the loop: co_await the task");
  scope_ = context == nullptr ? nullptr : context->scope;
  executor_ = new BlockingExecutor;
}

BlockingRunner::~BlockingRunner() { delete executor_; }

void BlockingRunner::RunUntil(const bool& done) const { executor_->RunUntil(done); }

void DieOfStuckBlockOn() {
  Die("the task given to weft::BlockOn can't go on: see the line before");
}

}  // namespace weft::internal
