#pragma once

#include <memory>

#include "buffer/owner.h"
#include "weft/internal/message_input.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

// A message on its way into a body. One that may be taken over has its large fields sent from where
// they are.
class OutgoingMessage {
 public:
  struct Taken {
    const google::protobuf::MessageLite& message;  // kept alive by `owner`
    OwnerRef owner;
  };

  explicit OutgoingMessage(const google::protobuf::MessageLite& message) : message_(message) {}

  const google::protobuf::MessageLite& message() const { return message_; }
  virtual bool can_take() const { return false; }
  // Once, only if can_take(): hands the message over.
  virtual Taken Take() { return {message_, OwnerRef()}; }

 protected:
  ~OutgoingMessage() = default;

 private:
  const google::protobuf::MessageLite& message_;
};

// An owner that keeps a message, and with it what slices alias in it, until the last of them is
// gone.
OwnerRef OwnMessage(std::unique_ptr<google::protobuf::MessageLite> message);

// A message that stays with the caller.
class BorrowedMessage final : public OutgoingMessage {
 public:
  using OutgoingMessage::OutgoingMessage;
};

// A message that the user wrote or sent.
class InputMessage final : public OutgoingMessage {
 public:
  explicit InputMessage(const MessageInput& input)
      : OutgoingMessage(input.message()), input_(input) {}
  bool can_take() const override { return input_.can_take(); }
  Taken Take() override;

 private:
  const MessageInput& input_;
};

}  // namespace weft::internal
