#pragma once

#include <cstddef>
#include <memory>

#include "buffer/chunk_pool.h"
#include "buffer/owner.h"
#include "weft/internal/message_input.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

// A message on its way into a body: raw bytes, which are sent from where they are, or protobuf's.
// One of these that may be taken over has its large fields sent from where they are.
class OutgoingMessage {
 public:
  struct Taken {
    const google::protobuf::MessageLite& message;  // kept alive by `owner`
    OwnerRef owner;
  };

  explicit OutgoingMessage(const google::protobuf::MessageLite& message) : message_(&message) {}
  explicit OutgoingMessage(const Bytes& bytes) : bytes_(&bytes) {}

  // Null: it is protobuf's.
  const Bytes* bytes() const { return bytes_; }
  const google::protobuf::MessageLite& message() const { return *message_; }
  virtual bool can_take() const { return false; }
  // Once, only if can_take(): hands the message, of `size` bytes on the wire, over. What it takes
  // is charged to the pool as long as the owner lives.
  virtual Taken Take(std::size_t /*size*/, ChunkPool&) { return {*message_, OwnerRef()}; }

 protected:
  OutgoingMessage(const Bytes* bytes, const google::protobuf::MessageLite* message)
      : bytes_(bytes), message_(message) {}
  ~OutgoingMessage() = default;

 private:
  const Bytes* bytes_ = nullptr;
  const google::protobuf::MessageLite* message_ = nullptr;
};

// An owner that keeps a message, and with it what slices alias in it, until the last of them is
// gone.
OwnerRef OwnMessage(std::unique_ptr<google::protobuf::MessageLite> message,
                    ChunkPool::Charge charge);

// A message that stays with the caller.
class BorrowedMessage final : public OutgoingMessage {
 public:
  using OutgoingMessage::OutgoingMessage;
};

// A message that the user wrote or sent.
class InputMessage final : public OutgoingMessage {
 public:
  explicit InputMessage(const MessageInput& input)
      : OutgoingMessage(input.bytes(), input.bytes() != nullptr ? nullptr : &input.message()),
        input_(input) {}
  InputMessage(const InputMessage&) = delete;
  ~InputMessage() {
    if (input_.moved_bytes() != nullptr) [[unlikely]]
      ClearMoved();
  }
  bool can_take() const override { return input_.can_take(); }
  Taken Take(std::size_t size, ChunkPool& pool) override;

 private:
  void ClearMoved();

  const MessageInput& input_;
};

}  // namespace weft::internal
