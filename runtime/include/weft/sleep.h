// Layer: io.
#pragma once

#include <coroutine>

#include "absl/status/status.h"

#include "weft/clock.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/timer_node.h"
#include "weft/internal/waiter.h"

namespace weft {
namespace internal {

class [[nodiscard]] SleepAwaiter final : private TimerNode, private CancelNode {
 public:
  explicit SleepAwaiter(Duration duration) : duration_(duration) {}
  explicit SleepAwaiter(TimePoint until) : until_(until) {}

  bool await_ready() const { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    return Begin();
  }
  absl::Status await_resume() const;

 private:
  // False when there is nothing to wait for.
  bool Begin();
  void OnTimer() override;
  void OnCancelled() override;

  Duration duration_{};
  TimePoint until_{};  // used when not the epoch
  bool cancelled_ = false;
  Waiter waiter_;
};

}  // namespace internal

// Waits on the event loop of the awaiting coroutine, by its clock, rounded up to a millisecond;
// allocates nothing. Gives OK, or CANCELLED as soon as the call or task of the coroutine is
// cancelled. A time that has passed lets the loop make one turn.
//
//   absl::Status slept = co_await weft::Sleep(std::chrono::seconds(1));
inline internal::SleepAwaiter Sleep(Duration duration) { return internal::SleepAwaiter(duration); }
inline internal::SleepAwaiter SleepUntil(TimePoint when) { return internal::SleepAwaiter(when); }

}  // namespace weft
