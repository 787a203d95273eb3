#include "client/op_slot.h"

#include <utility>

#include "base/check.h"
#include "base/futex.h"
#include "client/client_call.h"
#include "io/loop_core.h"
#include "weft/internal/thread_context.h"

namespace weft::internal {
namespace {

[[noreturn]] void DieOfTwoWaiters() {
  Die("a Read, a Write or the end of a call is waited for by two at once; await one before the "
      "next (one Read and one Write may overlap)");
}

}  // namespace

void OpSlot::Rearm() {
  const std::uint32_t state = state_.load(std::memory_order_relaxed);
  if (state != kPending && state != kDone) [[unlikely]]
    DieOfTwoWaiters();
  state_.store(kPending, std::memory_order_relaxed);
}

bool OpSlot::Register(State how) {
  std::uint32_t expected = kPending;
  // Release: Complete, which sees who waits, sees the fields too.
  if (state_.compare_exchange_strong(expected, how, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
    return true;
  }
  if (expected != kDone) [[unlikely]]
    DieOfTwoWaiters();
  return false;
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
  if (!Register(kCallback)) CallBack();
}

void OpSlot::Unregister() {
  std::uint32_t state = state_.load(std::memory_order_acquire);
  while (state != kDone) {
    if (state == kWaking) {
      // For the time of one Post.
      state_.wait(kWaking, std::memory_order_acquire);
      state = state_.load(std::memory_order_acquire);
    } else if (state_.compare_exchange_weak(state, kPending, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
      return;
    }
  }
  // Completed: a resumer may be on its way to this thread. It finds nobody.
  waiter_ = nullptr;
}

void OpSlot::Block() {
  if (Register(kBlocked)) WaitWhile(state_, kBlocked);
}

void OpSlot::Complete() {
  std::uint32_t state = state_.load(std::memory_order_acquire);
  // Once this says kDone a blocked thread may have gone on, and wait for its next step already.
  while (!state_.compare_exchange_weak(state, state == kRemote ? kWaking : kDone,
                                       std::memory_order_acq_rel, std::memory_order_acquire)) {
  }
  switch (state) {
    case kLocal:
      std::exchange(waiter_, nullptr)->Wake();
      return;
    case kRemote:
      CompleteRemote();
      return;
    case kBlocked:
      // The loop holds a reference to the call, so the slot is there though the thread may have
      // gone on already.
      WakeOne(state_);
      return;
    case kCallback:
      CallBack();
      return;
    default:
      return;
  }
}

void OpSlot::CompleteRemote() {
  const ThreadContext* context = CurrentThreadContext();
  if (context != nullptr && context->executor == executor_) {
    // The call's loop is gone, and this is the waiter's.
    state_.store(kDone, std::memory_order_release);
    std::exchange(waiter_, nullptr)->Wake();
    return;
  }
  // The waiter's loop is there as long as the waiter, who does not go before this says kDone.
  call_.Ref();
  if (!executor_->Post(resumer_)) call_.Unref();
  state_.store(kDone, std::memory_order_release);
  state_.notify_all();
}

// Not from here: this may be inside an event of a codec's, or inside Then.
void OpSlot::CallBack() {
  call_.Ref();
  if (!call_.RunOnLoop(resumer_)) resumer_.Run();
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
