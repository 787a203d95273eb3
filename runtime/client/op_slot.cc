#include "client/op_slot.h"

#include <utility>

#include "client/client_call.h"
#include "io/loop_core.h"

namespace weft::internal {

bool OpSlot::Register(State how) {
  std::uint32_t expected = kPending;
  // Release: Complete, which sees who waits, sees the fields too.
  return state_.compare_exchange_strong(expected, how, std::memory_order_acq_rel,
                                        std::memory_order_acquire);
}

bool OpSlot::RegisterLocal(Waiter& waiter) {
  waiter_ = &waiter;
  return Register(kLocal);
}

bool OpSlot::RegisterRemote(Waiter& waiter, Executor& executor) {
  waiter_ = &waiter;
  executor_ = &executor;
  return Register(kRemote);
}

void OpSlot::RegisterCallback(absl::AnyInvocable<void() &&> done) {
  callback_ = std::move(done);
  if (Register(kCallback)) return;
  // It is done already; still the callback runs on the loop and not in here, unless there is no
  // loop any more.
  call_.Ref();
  if (!call_.PostToLoop(resumer_)) resumer_.Run();
}

void OpSlot::Unregister() {
  std::uint32_t waits = state_.load(std::memory_order_relaxed);
  if (waits != kDone &&
      state_.compare_exchange_strong(waits, kPending, std::memory_order_acq_rel)) {
    return;
  }
  // Completed: a resumer may be on its way to this thread. It finds nobody.
  waiter_ = nullptr;
}

void OpSlot::Block() {
  if (!Register(kBlocked)) return;
  while (state_.load(std::memory_order_acquire) != kDone) {
    state_.wait(kBlocked, std::memory_order_acquire);
  }
}

void OpSlot::Complete() {
  // Once this says kDone a blocked thread may have gone on, and wait for its next step already.
  switch (state_.exchange(kDone, std::memory_order_acq_rel)) {
    case kLocal:
      std::exchange(waiter_, nullptr)->Wake();
      return;
    case kRemote:
      call_.Ref();
      if (!executor_->Post(resumer_)) call_.Unref();
      return;
    case kBlocked:
      // The loop holds a reference to the call, so the slot is there though the thread may have
      // gone on already.
      state_.notify_all();
      return;
    case kCallback:
      // Not here: this may be inside an event of a codec's.
      call_.Ref();
      call_.loop().Schedule(resumer_);
      return;
    default:
      return;
  }
}

void OpSlot::Resume() {
  if (callback_ != nullptr) {
    absl::AnyInvocable<void() &&> callback = std::exchange(callback_, nullptr);
    std::move(callback)();
  } else if (Waiter* waiter = std::exchange(waiter_, nullptr)) {
    waiter->Wake();
  }
  call_.Unref();
}

}  // namespace weft::internal
