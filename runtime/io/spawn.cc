#include "weft/spawn.h"

#include <utility>

#include "io/loop_core.h"
#include "weft/internal/thread_context.h"

namespace weft {
namespace {

// Carries a task to its loop.
class Start final : public internal::Runnable {
 public:
  Start(internal::LoopCore& loop, Task<void> task, std::string_view name)
      : loop_(loop), task_(std::move(task)), name_(name) {}

  void Run() override {
    const std::unique_ptr<Start> self(this);
    loop_.tasks().Spawn(std::move(task_), name_);
  }

 private:
  internal::LoopCore& loop_;
  Task<void> task_;
  const std::string_view name_;
};

}  // namespace

bool Spawn(EventLoop& loop, Task<void> task, std::string_view name) {
  auto start = std::make_unique<Start>(loop.core(), std::move(task), name);
  if (!loop.core().Post(*start)) return false;
  (void)start.release();  // deletes itself when it has run
  return true;
}

namespace internal {

ResumeOnAwaiter::ResumeOnAwaiter(EventLoop& loop) : here_(false) {
  ThreadContext* context = CurrentThreadContext();
  here_ = context != nullptr && context->executor == &loop.core();
  if (!here_) mailbox_ = loop.core().mailbox();
}

bool ResumeOnAwaiter::Post() {
  // Once posted, the coroutine may go on over there and destroy this.
  const std::shared_ptr<LoopMailbox> mailbox = mailbox_;
  return mailbox->Post(*this);
}

void ResumeOnAwaiter::Run() {
  here_ = true;
  continuation_.Resume();
}

}  // namespace internal
}  // namespace weft
