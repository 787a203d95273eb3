// Layer: io.
#pragma once

#include <coroutine>
#include <memory>
#include <string_view>

#include "weft/event_loop.h"
#include "weft/internal/promise.h"
#include "weft/internal/runnable.h"
#include "weft/task.h"

namespace weft {
namespace internal {

class LoopMailbox;

class [[nodiscard]] ResumeOnAwaiter final : private Runnable {
 public:
  explicit ResumeOnAwaiter(EventLoop& loop);

  bool await_ready() const { return here_; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    continuation_ = Continuation(handle);
    return Post();
  }
  bool await_resume() const { return here_; }

 private:
  bool Post();
  void Run() override;

  bool here_;
  std::shared_ptr<LoopMailbox> mailbox_;
  Continuation continuation_;
};

}  // namespace internal

// Starts `task` on `loop`, which owns it from now on: when the loop ends first, the task's waits
// end as cancelled, and what still hangs then is destroyed. An exception that leaves it is logged.
// `name` says in logs which task it is; its text must outlive the task. False, and the task is
// destroyed unstarted, when the loop has ended. Any thread.
bool Spawn(EventLoop& loop, Task<void> task, std::string_view name = {});

// Brings a coroutine back to `loop` after it has awaited something foreign, which may have resumed
// it on any thread. Goes on at once when it is there. Gives false when the loop has ended: the
// coroutine is then where it was, and must not use what belongs to the loop.
//
//   bool back = co_await weft::ResumeOn(loop);
inline internal::ResumeOnAwaiter ResumeOn(EventLoop& loop) {
  return internal::ResumeOnAwaiter(loop);
}

}  // namespace weft
