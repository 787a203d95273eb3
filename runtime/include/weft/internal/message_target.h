// Layer: rpc.
#pragma once

namespace google::protobuf {
class MessageLite;
}

namespace weft {
class Bytes;
}

namespace weft::internal {

// Where a received message goes, without its type: a protobuf message, raw bytes, or nowhere. A
// reference: what it stands for must outlive it.
class MessageTarget {
 public:
  using Message = google::protobuf::MessageLite;

  MessageTarget() = default;
  MessageTarget(Message& message) : message_(&message) {}  // NOLINT: stands for it
  MessageTarget(Message* message) : message_(message) {}   // NOLINT: the same
  MessageTarget(Bytes& bytes) : bytes_(&bytes) {}          // NOLINT: the same
  MessageTarget(Bytes* bytes) : bytes_(bytes) {}           // NOLINT: the same

  // At most one is not null.
  Message* message() const { return message_; }
  Bytes* bytes() const { return bytes_; }
  bool nowhere() const { return message_ == nullptr && bytes_ == nullptr; }

 private:
  Message* message_ = nullptr;
  Bytes* bytes_ = nullptr;
};

}  // namespace weft::internal
