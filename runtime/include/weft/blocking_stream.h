// Layer: server.
#pragma once

#include "absl/status/status.h"

#include "weft/internal/message_input.h"
#include "weft/internal/message_target.h"

namespace weft {

namespace internal {

class BlockingCall;

// What the typed blocking streams share. Made by the framework, lives as long as the handler runs.
class BlockingStreamBase {
 public:
  explicit BlockingStreamBase(BlockingCall& call) : call_(&call) {}

 protected:
  bool ReadMessage(MessageTarget message);
  absl::Status WriteMessage(const MessageInput& message);

 private:
  BlockingCall* call_;
};

}  // namespace internal

// The client's messages, in a blocking handler of a client stream. The handler's worker thread
// only.
template <typename Request>
class BlockingReader : public internal::BlockingStreamBase {
 public:
  using BlockingStreamBase::BlockingStreamBase;

  // Waits for the next message. False when the client has sent its last one or the call has ended.
  bool Read(Request& message) { return ReadMessage(message); }
};

// The replies of a server stream, in its blocking handler. The handler's worker thread only.
template <typename Reply>
class BlockingWriter : public internal::BlockingStreamBase {
 public:
  using BlockingStreamBase::BlockingStreamBase;

  // Serializes the message; waits only while too much waits to be sent. CANCELLED when the call has
  // ended.
  absl::Status Write(const Reply& message) {
    return WriteMessage(internal::MessageInput::Borrow(message));
  }
  absl::Status Write(Reply&& message) {
    return WriteMessage(internal::MessageInput::Move(message));
  }
  // As ServerWriter's.
  absl::Status WriteSerialized(const Bytes& message) {
    return WriteMessage(internal::MessageInput::Borrow(message));
  }
};

// Both directions of a bidirectional stream, in its blocking handler. One thread may read while
// another writes.
template <typename Request, typename Reply>
class BlockingReaderWriter : public internal::BlockingStreamBase {
 public:
  using BlockingStreamBase::BlockingStreamBase;

  bool Read(Request& message) { return ReadMessage(message); }
  absl::Status Write(const Reply& message) {
    return WriteMessage(internal::MessageInput::Borrow(message));
  }
  absl::Status Write(Reply&& message) {
    return WriteMessage(internal::MessageInput::Move(message));
  }
  // As ServerWriter's.
  absl::Status WriteSerialized(const Bytes& message) {
    return WriteMessage(internal::MessageInput::Borrow(message));
  }
};

}  // namespace weft
