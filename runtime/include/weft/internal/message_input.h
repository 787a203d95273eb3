// Layer: rpc.
#pragma once

namespace google::protobuf {
class MessageLite;
}

namespace weft {
class Bytes;
}

namespace weft::internal {

// A message to be sent, without its type: a protobuf message, borrowed until the call that takes it
// returns, or, when `take` is set, free to be taken over so that its large fields are sent in
// place; or raw bytes, which are always sent from where they are.
class MessageInput {
 public:
  using Message = google::protobuf::MessageLite;

  MessageInput(const Message& message, Message* (*take)(const Message&))
      : message_(&message), take_(take) {}
  // `moved`: the same, when it is to be left empty.
  explicit MessageInput(const Bytes& bytes, Bytes* moved) : bytes_(&bytes), moved_(moved) {}

  // Null: it is a protobuf message.
  const Bytes* bytes() const { return bytes_; }
  Bytes* moved_bytes() const { return moved_; }
  const Message& message() const { return *message_; }
  bool can_take() const { return take_ != nullptr; }
  // A new message with the contents moved from this one; the caller owns it.
  Message* Take() const { return take_(*message_); }

  static MessageInput Borrow(const Bytes& bytes) { return MessageInput(bytes, nullptr); }
  static MessageInput Move(Bytes& bytes) { return MessageInput(bytes, &bytes); }
  template <typename T>
  static MessageInput Borrow(const T& message) {
    return MessageInput(message, nullptr);
  }
  template <typename T>
  static MessageInput Move(T& message) {
    return MessageInput(message, [](const Message& from) -> Message* {
      return new T(static_cast<T&&>(const_cast<T&>(static_cast<const T&>(from))));
    });
  }

 private:
  const Bytes* bytes_ = nullptr;
  Bytes* moved_ = nullptr;
  const Message* message_ = nullptr;
  Message* (*take_)(const Message&) = nullptr;
};

}  // namespace weft::internal
