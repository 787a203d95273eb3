// Layer: server.
#pragma once

#include <utility>

#include "absl/status/status.h"

#include "weft/internal/message_input.h"
#include "weft/internal/message_target.h"
#include "weft/internal/waiter.h"

namespace weft {

namespace internal {

class ServerCall;

// co_await: the next message of the client's, true; false when there is none any more.
class [[nodiscard]] ServerRead final {
 public:
  ServerRead(ServerCall& call, MessageTarget message) : call_(call), message_(message) {}
  ServerRead(const ServerRead&) = delete;
  ~ServerRead() {
    if (registered_) Unregister();
  }

  bool await_ready();
  template <typename P>
  void await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    Register();
  }
  bool await_resume() const { return result_; }

 private:
  friend class ServerCall;
  void Register();
  void Unregister();
  // The call has let go of it already.
  void Complete(bool result) {
    result_ = result;
    registered_ = false;
    waiter_.Wake();
  }

  ServerCall& call_;
  const MessageTarget message_;
  bool result_ = false;
  bool registered_ = false;
  Waiter waiter_;
};

// co_await: the message was taken; the status of the stream when that has ended.
class [[nodiscard]] ServerWrite final {
 public:
  ServerWrite(ServerCall& call, const MessageInput& message);
  ServerWrite(const ServerWrite&) = delete;
  ~ServerWrite() {
    if (registered_) Unregister();
  }

  bool await_ready() { return !wait_ || Drained(); }
  template <typename P>
  void await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    Register();
  }
  absl::Status await_resume() { return std::move(result_); }

 private:
  friend class ServerCall;
  bool Drained();
  void Register();
  void Unregister();
  void Complete(absl::Status result) {
    result_ = std::move(result);
    registered_ = false;
    waiter_.Wake();
  }

  ServerCall& call_;
  absl::Status result_;
  bool wait_ = false;
  bool registered_ = false;
  Waiter waiter_;
};

// What the typed streams share. Made by the framework, lives as long as the handler runs.
class ServerStreamBase {
 public:
  explicit ServerStreamBase(ServerCall& call) : call_(&call) {}

 protected:
  ServerCall* call_;
};

}  // namespace internal

// The client's messages, in a handler of a client stream. Owned by the framework; the handler's
// loop only; one Read at a time.
template <typename Request>
class ServerReader : public internal::ServerStreamBase {
 public:
  using ServerStreamBase::ServerStreamBase;

  // `while (co_await reader.Read(message))`: fills the message and yields true; false when the
  // client has sent its last one or the call has ended. The message must live until then.
  internal::ServerRead Read(Request& message) { return internal::ServerRead(*call_, message); }
};

// The replies of a server stream, in its handler. Owned by the framework; the handler's loop only;
// one Write at a time.
template <typename Reply>
class ServerWriter : public internal::ServerStreamBase {
 public:
  using ServerStreamBase::ServerStreamBase;

  // `absl::Status written = co_await writer.Write(message);`: the message is serialized at once,
  // also when the result is awaited later. Suspends only while too much waits to be sent. CANCELLED
  // when the call has ended.
  internal::ServerWrite Write(const Reply& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Borrow(message));
  }
  // Takes the message over: large fields are sent from where they are.
  internal::ServerWrite Write(Reply&& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Move(message));
  }
  // Sends a message that is serialized already, from where its bytes are (Bytes::Field makes such).
  // gRPC only: a call in JSON gets UNIMPLEMENTED.
  internal::ServerWrite WriteSerialized(const Bytes& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Borrow(message));
  }
};

// Both directions of a bidirectional stream, in its handler. Owned by the framework; the handler's
// loop only; one Read and one Write may overlap.
template <typename Request, typename Reply>
class ServerReaderWriter : public internal::ServerStreamBase {
 public:
  using ServerStreamBase::ServerStreamBase;

  // As ServerReader's and ServerWriter's.
  internal::ServerRead Read(Request& message) { return internal::ServerRead(*call_, message); }
  internal::ServerWrite Write(const Reply& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Borrow(message));
  }
  internal::ServerWrite Write(Reply&& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Move(message));
  }
  // Sends a message that is serialized already, from where its bytes are (Bytes::Field makes such).
  // gRPC only: a call in JSON gets UNIMPLEMENTED.
  internal::ServerWrite WriteSerialized(const Bytes& message) {
    return internal::ServerWrite(*call_, internal::MessageInput::Borrow(message));
  }
};

}  // namespace weft
