// Layer: rpc.
#pragma once

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

// A message to be sent, without its type: borrowed until the call that takes it returns, or, when
// `take` is set, free to be taken over so that its large fields are sent in place.
class MessageInput {
 public:
  using Message = google::protobuf::MessageLite;

  MessageInput(const Message& message, Message* (*take)(const Message&))
      : message_(message), take_(take) {}

  const Message& message() const { return message_; }
  bool can_take() const { return take_ != nullptr; }
  // A new message with the contents moved from this one; the caller owns it.
  Message* Take() const { return take_(message_); }

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
  const Message& message_;
  Message* (*take_)(const Message&);
};

}  // namespace weft::internal
