#include "rpc/outgoing_message.h"

#include <utility>

#include "google/protobuf/message_lite.h"

#include "weft/bytes.h"

namespace weft::internal {
namespace {

class MessageKeeper final : public BufferOwner {
 public:
  MessageKeeper(std::unique_ptr<google::protobuf::MessageLite> message, ChunkPool::Charge charge)
      : BufferOwner(Kind::kMessage), charge_(std::move(charge)), message_(std::move(message)) {}

 private:
  ~MessageKeeper() override = default;
  void Release() noexcept override { delete this; }

  const ChunkPool::Charge charge_;
  const std::unique_ptr<google::protobuf::MessageLite> message_;
};

}  // namespace

OwnerRef OwnMessage(std::unique_ptr<google::protobuf::MessageLite> message,
                    ChunkPool::Charge charge) {
  return OwnerRef::Adopt(new MessageKeeper(std::move(message), std::move(charge)));
}

void InputMessage::ClearMoved() { input_.moved_bytes()->Clear(); }

OutgoingMessage::Taken InputMessage::Take(std::size_t size, ChunkPool& pool) {
  std::unique_ptr<google::protobuf::MessageLite> taken(input_.Take());
  const google::protobuf::MessageLite& message = *taken;
  // By its size on the wire: to walk the fields of every message would cost more than to send it.
  return {message, OwnMessage(std::move(taken), pool.ChargeFor(size))};
}

}  // namespace weft::internal
