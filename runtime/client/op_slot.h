#pragma once

#include <atomic>
#include <cstdint>

#include "absl/functional/any_invocable.h"

#include "coro/executor.h"
#include "weft/internal/waiter.h"

namespace weft::internal {

class ClientCall;

// Where one step of a call is completed by the call's loop and waited for by its user: a coroutine
// of the same loop, a coroutine of another one, a blocked thread, or a callback. Part of a
// ClientCall; Rearm, then one wait and one Complete, in any order. Two that wait at once are a
// mistake of the program's, which dies of it.
class OpSlot {
 public:
  explicit OpSlot(ClientCall& call) : call_(call), resumer_(*this) {}
  OpSlot(const OpSlot&) = delete;

  // --- The user's side: one thread at a time.
  // For the next step. Nobody may wait, and the loop may not be about to complete.
  void Rearm();
  bool done() const { return state_.load(std::memory_order_acquire) == kDone; }
  // False when the step is done already.
  bool RegisterLocal(Waiter& waiter);                       // on the call's loop
  bool RegisterRemote(Waiter& waiter, Executor& executor);  // on another loop, `executor`
  // The waiter is going, woken or not. On the loop that it was registered on, which may end from
  // here on.
  void Unregister();
  void Block();
  // The user's step was done as soon as it was asked for, on the call's loop.
  void CompleteAtOnce() { state_.store(kDone, std::memory_order_release); }
  // `done` runs on the call's loop, never inside this; but inside it when that loop has ended.
  void RegisterCallback(absl::AnyInvocable<void() &&> done);

  // --- The call's loop; once that has ended, whoever learns of it.
  void Complete();

 private:
  // kLocal to kCallback: somebody waits, in that way. kWaking: the waiter's loop is being told; it
  // has to stay until this has changed.
  enum State : std::uint32_t { kPending, kLocal, kRemote, kBlocked, kCallback, kWaking, kDone };

  // Goes to the waiter's loop and wakes it there, or calls back.
  class Resumer final : public Runnable {
   public:
    explicit Resumer(OpSlot& slot) : slot_(slot) {}
    ~Resumer() = default;
    void Run() override { slot_.Resume(); }

   private:
    OpSlot& slot_;
  };

  bool Register(State how);
  void CompleteRemote();
  void CallBack();
  void Resume();

  ClientCall& call_;
  std::atomic<std::uint32_t> state_{kPending};
  Waiter* waiter_ = nullptr;
  Executor* executor_ = nullptr;
  absl::AnyInvocable<void() &&> callback_;
  Resumer resumer_;
};

}  // namespace weft::internal
