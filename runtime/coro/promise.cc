#include "weft/internal/promise.h"

#include <string>

#include "base/check.h"
#include "base/log.h"
#include "base/poison.h"
#include "coro/executor.h"
#include "weft/task.h"

namespace weft::internal {

constinit thread_local ThreadContext* current_thread_context{};  // lint: allow global: design §10

void ReportStuck(PromiseBase& promise) {
  promise.stuck_ = true;
  RootBase* root = promise.root_;
  std::string line = "the coroutine of ";
  line += root == nullptr || root->name().empty() ? "an unnamed task" : root->name();
  line +=
      " returned to its caller without having finished or suspended: the compiler translated it "
      "wrongly."
      " GCC does so when co_await stands in a condition of a body without local variables;"
      " await into a named local first, then test it";
  Log(LogLevel::kError, line);
  if (root != nullptr) root->OnStuck();
}

void Resume(std::coroutine_handle<> handle, PromiseBase* promise) noexcept {
  ThreadContext* context = CurrentThreadContext();
  if (context == nullptr) [[unlikely]] {
    ThreadContext temporary;
    ThreadContextScope scope(&temporary);
    Resume(handle, promise);
    return;
  }
  PromiseBase* const outer_running = context->running;
  CancelScope* const outer_scope = context->scope;
  const std::uint32_t outer_completions = context->inline_completions;
  RootBase* const outer_finished = context->finished;
  context->running = promise;
  context->scope = promise == nullptr ? nullptr : promise->scope();
  context->inline_completions = 0;
  context->finished = nullptr;
  ++context->resume_depth;

  handle.resume();

  PromiseBase* const stuck = context->running;
  RootBase* const finished = context->finished;
  --context->resume_depth;
  context->running = outer_running;
  context->scope = outer_scope;
  context->inline_completions = outer_completions;
  context->finished = outer_finished;
  if (stuck != nullptr) [[unlikely]]
    ReportStuck(*stuck);
  if (finished != nullptr) finished->OnDone();
}

std::coroutine_handle<> PromiseBase::FinishChain() noexcept {
  Leave();
  if (continuation_ != nullptr) return continuation_;
  Check(root_ != nullptr, "a weft::Task was resumed by hand: await it, or spawn it on a loop");
  ThreadContext* context = CurrentThreadContext();
  if (context != nullptr && context->executor == root_->executor_ && context->resume_depth > 0 &&
      context->finished == nullptr) {
    context->finished = root_;
    return std::noop_coroutine();
  }
  // Resumed by foreign code, perhaps on a foreign thread: the owner is told from the loop.
  root_->finished_ = true;
  Check(root_->executor_ != nullptr,
        "a task that was started on a thread without a loop ended on a foreign thread");
  if (context != nullptr && context->executor == root_->executor_) {
    context->executor->Schedule(*root_);
  } else {
    root_->executor_->Post(*root_);
  }
  return std::noop_coroutine();
}

std::coroutine_handle<> PromiseBase::GiveLoopATurn(ThreadContext& context) noexcept {
  context.inline_completions = 0;
  if (context.executor == nullptr || root_ == nullptr) {
    context.running = parent_;
    return continuation_;
  }
  root_->yielded_ = continuation_;
  root_->yielded_promise_ = parent_;
  Leave();
  context.executor->Schedule(*root_);
  return std::noop_coroutine();
}

void RootBase::Run() {
  if (finished_) {
    OnDone();
    return;
  }
  Resume(std::exchange(yielded_, nullptr), yielded_promise_);
}

void DieOfEmptyTask() {
  Die("a weft::Task was awaited that is empty: it was moved from or already awaited");
}

// A miscompiled coroutine can't be destroyed: GCC 12 places its promise 8 bytes off, so that its
// handle does not even point to its frame. The frame leaks; every such call has been answered with
// an error and a log line.
void LeakStuckFrame([[maybe_unused]] std::coroutine_handle<> handle) noexcept {
#ifdef WEFT_ASAN
  __lsan_ignore_object(handle.address());
#endif
}

}  // namespace weft::internal
