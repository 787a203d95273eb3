#include "client/op_slot.h"

#include <utility>

#include "client/client_call.h"
#include "io/loop_core.h"

namespace weft::internal {

bool OpSlot::Register(How how) {
  how_ = how;
  std::uint32_t expected = kPending;
  // Release: Complete, which sees kRegistered, sees the fields too.
  return state_.compare_exchange_strong(expected, kRegistered, std::memory_order_acq_rel,
                                        std::memory_order_acquire);
}

bool OpSlot::RegisterLocal(Waiter& waiter) {
  waiter_ = &waiter;
  return Register(How::kLocal);
}

bool OpSlot::RegisterRemote(Waiter& waiter, Executor& executor) {
  waiter_ = &waiter;
  executor_ = &executor;
  return Register(How::kRemote);
}

void OpSlot::RegisterCallback(absl::AnyInvocable<void() &&> done) {
  callback_ = std::move(done);
  if (Register(How::kCallback)) return;
  // It is done already; still the callback runs on the loop and not in here, unless there is no
  // loop any more.
  call_.Ref();
  if (!call_.loop().Post(resumer_)) resumer_.Run();
}

void OpSlot::Unregister() {
  std::uint32_t expected = kRegistered;
  if (state_.compare_exchange_strong(expected, kPending, std::memory_order_acq_rel)) return;
  // Completed: a resumer may be on its way to this thread. It finds nobody.
  waiter_ = nullptr;
}

void OpSlot::Block() {
  if (!Register(How::kBlocked)) return;
  while (state_.load(std::memory_order_acquire) != kDone) {
    state_.wait(kRegistered, std::memory_order_acquire);
  }
}

void OpSlot::Complete() {
  if (state_.exchange(kDone, std::memory_order_acq_rel) != kRegistered) return;
  switch (how_) {
    case How::kLocal:
      std::exchange(waiter_, nullptr)->Wake();
      return;
    case How::kRemote:
      call_.Ref();
      if (!executor_->Post(resumer_)) call_.Unref();
      return;
    case How::kBlocked:
      // The loop holds a reference to the call, so the slot is there though the thread may have
      // gone on already.
      state_.notify_all();
      return;
    case How::kCallback:
      // Not here: this may be inside an event of a codec's.
      call_.Ref();
      call_.loop().Schedule(resumer_);
      return;
  }
}

void OpSlot::Resume() {
  if (how_ == How::kCallback) {
    absl::AnyInvocable<void() &&> callback = std::move(callback_);
    std::move(callback)();
  } else if (Waiter* waiter = std::exchange(waiter_, nullptr)) {
    waiter->Wake();
  }
  call_.Unref();
}

}  // namespace weft::internal
