// Layer: client.
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/internal/client_op.h"

namespace weft {

namespace internal {

// The result of a call that is done.
template <typename Reply>
absl::StatusOr<Reply> TakeReply(ClientCall& call) {
  Reply reply;
  absl::Status status = TakeFinish(call, &reply);
  if (!status.ok()) return status;
  return reply;
}

// The end of a call, awaited. Keeps the call.
class FinishAwaiter {
 public:
  explicit FinishAwaiter(CallHandle call)
      : call_(std::move(call)), wait_(*call_, ClientWait::Step::kFinish) {}

  bool await_ready() { return wait_.Begin(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return wait_.Suspend(handle);
  }

 protected:
  ClientCall& call() const { return *call_; }

 private:
  CallHandle call_;
  ClientWait wait_;
};

template <typename Reply>
class ReplyAwaiter final : public FinishAwaiter {
 public:
  using FinishAwaiter::FinishAwaiter;
  absl::StatusOr<Reply> await_resume() { return TakeReply<Reply>(call()); }
};

class StatusAwaiter final : public FinishAwaiter {
 public:
  StatusAwaiter(CallHandle call, MessageTarget reply)
      : FinishAwaiter(std::move(call)), reply_(reply) {}
  absl::Status await_resume() { return TakeFinish(call(), reply_); }

 private:
  const MessageTarget reply_;
};

// The hold on a call whose end nobody has asked for yet.
class PendingCall {
 public:
  explicit PendingCall(CallHandle call) : call_(std::move(call)) {}

 protected:
  // Gives the call to the one who asks; a second one is a mistake of the program's.
  CallHandle TakeCall() {
    if (call_.get() == nullptr) DieOfSecondUse();
    return std::move(call_);
  }
  // The same, after having blocked until the call is done.
  CallHandle TakeFinished() {
    CallHandle call = TakeCall();
    ClientWait wait(*call, ClientWait::Step::kFinish);
    if (!wait.Begin()) wait.Block();
    return call;
  }

 private:
  CallHandle call_;
};

}  // namespace internal

// A unary call that is under way. Exactly one of co_await, Wait and Then takes its result; dropping
// it cancels the call. Move-only; one thread at a time.
template <typename Reply>
class [[nodiscard]] UnaryCall final : public internal::PendingCall {
 public:
  using PendingCall::PendingCall;

  // `absl::StatusOr<Reply> reply = co_await stub.Method(request);`
  internal::ReplyAwaiter<Reply> operator co_await() {
    return internal::ReplyAwaiter<Reply>(TakeCall());
  }
  // Blocks; not on a loop's thread.
  absl::StatusOr<Reply> Wait() {
    const internal::CallHandle call = TakeFinished();
    return internal::TakeReply<Reply>(*call);
  }
  // Gives the call up: `done` runs on the channel's loop, always once, never inside Then; only when
  // that loop has ended it runs inside.
  void Then(absl::AnyInvocable<void(absl::StatusOr<Reply>) &&> done) {
    internal::CallHandle call = TakeCall();
    internal::ClientCall& kept = *call;
    internal::ClientWait::CallBack(kept, internal::ClientWait::Step::kFinish,
                                   [call = std::move(call), done = std::move(done)]() mutable {
                                     std::move(done)(internal::TakeReply<Reply>(*call));
                                   });
  }
};

// The same for a call that fills a message of the caller's, whose memory is used again. The message
// must live, untouched, until the result was taken or the call dropped.
class [[nodiscard]] UnaryCallInto final : public internal::PendingCall {
 public:
  UnaryCallInto(internal::CallHandle call, internal::MessageTarget reply)
      : PendingCall(std::move(call)), reply_(reply) {}

  // `absl::Status status = co_await stub.Method(request, &reply);`
  internal::StatusAwaiter operator co_await() { return {TakeCall(), reply_}; }
  absl::Status Wait();
  void Then(absl::AnyInvocable<void(absl::Status) &&> done);

 private:
  internal::MessageTarget reply_;
};

}  // namespace weft
