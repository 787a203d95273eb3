#include "weft/sleep.h"

#include "base/check.h"
#include "io/loop_core.h"

namespace weft::internal {

bool SleepAwaiter::Begin() {
  auto* loop = dynamic_cast<LoopCore*>(&RequireExecutor());
  Check(loop != nullptr,
        "co_await weft::Sleep where there is no event loop: weft::BlockOn has no timers, spawn the "
        "task on a loop");
  if (waiter_.scope() != nullptr && !waiter_.scope()->Link(*this)) {
    cancelled_ = true;
    return false;
  }
  TimePoint when = until_;
  if (when == TimePoint()) {
    const TimePoint now = loop->Now();
    when = duration_ < kNever - now ? now + duration_ : kNever;
  }
  loop->timers().Arm(*this, when);
  return true;
}

void SleepAwaiter::OnTimer() {
  CancelNode::Unlink();
  waiter_.Wake();
}

void SleepAwaiter::OnCancelled() {
  Disarm();
  cancelled_ = true;
  waiter_.Wake();
}

absl::Status SleepAwaiter::await_resume() const {
  if (!cancelled_) return absl::OkStatus();
  return absl::CancelledError("the call or task was cancelled while it slept");
}

}  // namespace weft::internal
