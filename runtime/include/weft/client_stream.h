// Layer: client.
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/client_call.h"
#include "weft/internal/client_op.h"

namespace weft {

namespace internal {

// co_await: a message was read, true; false when there is none any more: Finish tells why.
class [[nodiscard]] ClientRead final {
 public:
  ClientRead(ClientCall& call, MessageTarget message)
      : wait_(call, ClientWait::Step::kRead), message_(message) {}

  bool await_ready() { return wait_.Begin(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return wait_.Suspend(handle);
  }
  bool await_resume() { return TakeRead(wait_.call(), message_); }
  // Blocks; not on a loop's thread.
  bool Wait() {
    if (!wait_.Begin()) wait_.Block();
    return await_resume();
  }
  // `done` runs on the channel's loop. Message and stream must live until then.
  void Then(absl::AnyInvocable<void(bool) &&> done);

 private:
  ClientWait wait_;
  const MessageTarget message_;
};

// co_await: the message was taken; the status of the stream when that has ended.
class [[nodiscard]] ClientWrite final {
 public:
  ClientWrite(ClientCall& call, const MessageInput& message)
      : wait_(call, ClientWait::Step::kWrite) {
    SendMessage(call, message);
  }

  bool await_ready() { return wait_.Begin(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return wait_.Suspend(handle);
  }
  absl::Status await_resume() { return TakeWrite(wait_.call()); }
  absl::Status Wait() {
    if (!wait_.Begin()) wait_.Block();
    return await_resume();
  }
  void Then(absl::AnyInvocable<void(absl::Status) &&> done);

 private:
  ClientWait wait_;
};

// co_await: the status of a stream that is over. Messages that were not read are dropped.
class [[nodiscard]] ClientFinish final {
 public:
  explicit ClientFinish(ClientCall& call) : wait_(call, ClientWait::Step::kFinish) {}

  bool await_ready() { return wait_.Begin(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return wait_.Suspend(handle);
  }
  absl::Status await_resume() { return TakeFinish(wait_.call(), MessageTarget()); }
  absl::Status Wait() {
    if (!wait_.Begin()) wait_.Block();
    return await_resume();
  }
  void Then(absl::AnyInvocable<void(absl::Status) &&> done);

 private:
  ClientWait wait_;
};

// The same with the reply of a client stream.
template <typename Reply>
class [[nodiscard]] ClientFinishWithReply final {
 public:
  explicit ClientFinishWithReply(ClientCall& call) : wait_(call, ClientWait::Step::kFinish) {}

  bool await_ready() { return wait_.Begin(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return wait_.Suspend(handle);
  }
  absl::StatusOr<Reply> await_resume() { return TakeReply<Reply>(wait_.call()); }
  absl::StatusOr<Reply> Wait() {
    if (!wait_.Begin()) wait_.Block();
    return await_resume();
  }
  void Then(absl::AnyInvocable<void(absl::StatusOr<Reply>) &&> done) {
    ClientCall& call = wait_.call();
    ClientWait::CallBack(
        call, ClientWait::Step::kFinish,
        [&call, done = std::move(done)]() mutable { std::move(done)(TakeReply<Reply>(call)); });
  }

 private:
  ClientWait wait_;
};

class ClientStreamBase {
 public:
  explicit ClientStreamBase(CallHandle call) : call_(std::move(call)) {}
  // Ends the call, if it runs, with CANCELLED. Any thread.
  void Cancel();

 protected:
  ClientCall& call() const { return *call_; }

 private:
  CallHandle call_;
};

}  // namespace internal

// The replies of a server stream. Move-only; dropping it cancels the call. One thread at a time;
// one Read at a time.
template <typename Reply>
class [[nodiscard]] ClientReader final : public internal::ClientStreamBase {
 public:
  using ClientStreamBase::ClientStreamBase;

  // `while (co_await reader.Read(message))`, or `reader.Read(message).Wait()` in a thread. False
  // when the stream is over.
  internal::ClientRead Read(Reply& message) { return internal::ClientRead(call(), message); }
  // How the stream ended. Once, and last.
  internal::ClientFinish Finish() { return internal::ClientFinish(call()); }
};

// The requests of a client stream. Move-only; dropping it cancels the call. One thread at a time;
// one Write at a time.
template <typename Request, typename Reply>
class [[nodiscard]] ClientWriter final : public internal::ClientStreamBase {
 public:
  using ClientStreamBase::ClientStreamBase;

  // The message is serialized at once, also when the result is asked for later. Waits only while
  // too much waits to be sent.
  internal::ClientWrite Write(const Request& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Borrow(message));
  }
  // Takes the message over: large fields are sent from where they are.
  internal::ClientWrite Write(Request&& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Move(message));
  }
  // Sends a message that is serialized already, from where its bytes are.
  internal::ClientWrite WriteSerialized(const Bytes& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Borrow(message));
  }
  // Says that there are no more messages; yields the reply. Once, and last.
  internal::ClientFinishWithReply<Reply> Finish() {
    internal::SendWritesDone(call());
    return internal::ClientFinishWithReply<Reply>(call());
  }
};

// Both directions of a bidirectional stream. Move-only; dropping it cancels the call. One thread at
// a time; one Read and one Write may overlap.
template <typename Request, typename Reply>
class [[nodiscard]] ClientReaderWriter final : public internal::ClientStreamBase {
 public:
  using ClientStreamBase::ClientStreamBase;

  internal::ClientRead Read(Reply& message) { return internal::ClientRead(call(), message); }
  internal::ClientWrite Write(const Request& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Borrow(message));
  }
  internal::ClientWrite Write(Request&& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Move(message));
  }
  // Sends a message that is serialized already, from where its bytes are.
  internal::ClientWrite WriteSerialized(const Bytes& message) {
    return internal::ClientWrite(call(), internal::MessageInput::Borrow(message));
  }
  // There are no more messages to send.
  void WritesDone() { internal::SendWritesDone(call()); }
  // How the stream ended; says WritesDone first. Once, and last.
  internal::ClientFinish Finish() {
    internal::SendWritesDone(call());
    return internal::ClientFinish(call());
  }
};

}  // namespace weft
