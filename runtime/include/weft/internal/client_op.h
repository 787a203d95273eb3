// Layer: client.
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "weft/internal/message_input.h"
#include "weft/internal/message_target.h"
#include "weft/internal/waiter.h"

namespace weft::internal {

class ClientCall;
class OpSlot;

// The user's hold on a call: while it lives the call goes on, and when it goes the call, if not
// done, is cancelled.
class CallHandle {
 public:
  CallHandle() = default;
  explicit CallHandle(ClientCall* call) : call_(call) {}  // takes over a reference
  CallHandle(CallHandle&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
  CallHandle& operator=(CallHandle&& other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~CallHandle() {
    if (call_ != nullptr) Drop();
  }

  ClientCall& operator*() const { return *call_; }
  ClientCall* get() const { return call_; }
  // The caller has the reference from here on.
  ClientCall* Release() { return std::exchange(call_, nullptr); }

 private:
  void Drop();
  ClientCall* call_ = nullptr;
};

// Waits for one step of a call (its end, a message to read, room to write): in a coroutine, in a
// thread or by a callback; exactly one of them, once. Made and used by one thread; a coroutine may
// be on another loop than the call.
class ClientWait {
 public:
  using Message = google::protobuf::MessageLite;
  enum class Step : std::uint8_t { kFinish, kRead, kWrite };

  ClientWait(ClientCall& call, Step step) : call_(call), step_(step) {}
  ClientWait(const ClientWait&) = delete;
  ClientWait& operator=(const ClientWait&) = delete;
  ~ClientWait();

  // Asks for the step; true when nothing need be waited for.
  bool Begin();
  // False when it was done meanwhile: the coroutine goes on.
  template <typename P>
  bool Suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    return Register();
  }
  // Blocks the thread. Dies on a thread that runs a loop: it would wait for itself.
  void Block();
  // Runs `done` on the channel's loop, never inside this; inside when that loop has ended.
  static void CallBack(ClientCall& call, Step step, absl::AnyInvocable<void() &&> done);

  ClientCall& call() const { return call_; }

 private:
  bool Register();
  OpSlot& slot() const;

  ClientCall& call_;
  const Step step_;
  bool registered_ = false;
  Waiter waiter_;
};

// What the typed handles do with a call. Results are parsed by whoever takes them, on that thread.
absl::Status TakeFinish(ClientCall& call, MessageTarget reply);
bool TakeRead(ClientCall& call, MessageTarget message);
absl::Status TakeWrite(ClientCall& call);
void SendMessage(ClientCall& call, const MessageInput& message);
void SendWritesDone(ClientCall& call);
// Two ways of waiting for one call's end, say, are a mistake of the program's.
[[noreturn]] void DieOfSecondUse();

}  // namespace weft::internal
