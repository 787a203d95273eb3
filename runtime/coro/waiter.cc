#include "weft/internal/waiter.h"

#include "base/check.h"
#include "coro/executor.h"

namespace weft::internal {

Executor& RequireExecutor() {
  ThreadContext* context = CurrentThreadContext();
  Check(context != nullptr && context->executor != nullptr,
        "co_await on a thread that has no event loop: spawn the task on a loop, use weft::BlockOn "
        "in a"
        " plain thread, or co_await weft::ResumeOn(loop) after a foreign awaitable");
  return *context->executor;
}

void Waiter::Wake() {
  if (suspended() && !queued()) executor_->Schedule(*this);
}

bool Waiter::WakeFromAnyThread() { return executor_->Post(*this); }

}  // namespace weft::internal
